/** ARCHITECTURE.md and CONTRIBUTING.md name files that are there, and the first stays three pages long. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, sources, tools } from './project.ts';

/** Lines and columns of three pages. */
const MOST = { lines: 150, columns: 120 };

const read = (page: string) => readFileSync(join(root, page), 'utf8');
const paths = [...sources, ...tools].map(({ path }) => `/${path}`);

/** Files and folders between backquotes, but for the x of an example: a whole path, one within a package, or its end. */
function named(page: string): string[] {
  const quoted = [...read(page).matchAll(/`([\w@./-]+(?:\.(?:ts|proto|txt|md)|\/))`/g)].map(([, name = '']) => name);
  return quoted.filter((name) => !/(?:^|\/)x(?:-schema)?\.[a-z.]+$/.test(name) && !name.startsWith('records/'));
}

function isThere(name: string): boolean {
  const beginnings = ['', 'packages/', 'tests/lab/'];
  if (beginnings.some((beginning) => existsSync(join(root, beginning, name)))) return true;
  return paths.some((path) => (name.endsWith('/') ? path.includes(`/${name}`) : path.endsWith(`/${name}`)));
}

for (const page of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
  test(`files that ${page} names are there`, () => {
    const names = named(page);
    assert.ok(names.length > 20, `only ${names.length} were found`);
    const missing = names.filter((name) => !isThere(name));
    assert.deepEqual(missing, [], 'moved or renamed: name the file as it is called now');
  });
}

test('ARCHITECTURE.md ends with ten tasks, each with a file that is there', () => {
  const [, tasks = ''] = read('ARCHITECTURE.md').split('## Ten tasks\n');
  const rows = tasks.trim().split('\n').slice(2);
  assert.equal(rows.length, 10);
  for (const row of rows) {
    const [, name = ''] = /^\| .* \| `([^`]+\.ts)`/.exec(row) ?? [];
    assert.ok(name !== '' && existsSync(join(root, 'packages', name)), `no file that is there: ${row}`);
  }
});

test('ARCHITECTURE.md is no longer than three pages', () => {
  const lines = read('ARCHITECTURE.md').trimEnd().split('\n');
  assert.ok(
    lines.length <= MOST.lines,
    `${lines.length} lines; ${MOST.lines} are three pages: docs/ has room for more`,
  );
  const wide = lines.flatMap((line, index) =>
    line.length > MOST.columns ? [`line ${index + 1}: ${line.length}`] : [],
  );
  assert.deepEqual(wide, [], `more than ${MOST.columns} columns`);
});
