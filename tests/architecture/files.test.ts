import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeLines, handwritten, sources } from './project.ts';
import { LINES, LONG_FILES, TABLE_FOLDERS, TABLE_ROWS } from './tables.ts';

const SHORT = 15;
const FORBIDDEN_NAME = /(?:^|[/.-])(?:utils?|helpers|common|manager|misc)(?=[/.-])/;
const FORBIDDEN_CODE: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a default export', pattern: /^export\s+default\b|\bas\s+default\b/ },
  { what: 'any', pattern: /[:<|&]\s*any\b(?!['"`])|\bas\s+any\b/ },
  {
    what: 'a class or type called manager or helper',
    pattern: /\b(?:class|interface|type)\s+\w*(?:Manager|Helper)s?\b/,
  },
];
const SILENCED = new RegExp(`@ts-(?:${['ignore', 'nocheck', 'expect-error'].join('|')})`);

const linesOf = (text: string) => text.trimEnd().split('\n').length;

for (const { folder, table, serving } of TABLE_FOLDERS) {
  test(`every file of ${folder} is a row of its table`, () => {
    const index = sources.find(({ path }) => path === folder + table);
    const rows = (index?.imports ?? []).map(({ specifier = '' }) => specifier.replace(/^\.\//, ''));
    const files = sources.filter(({ path, isTest }) => path.startsWith(folder) && !isTest);
    const names = files.map(({ path }) => path.slice(folder.length)).filter((name) => name !== table);
    assert.deepEqual(
      names.filter((name) => !rows.includes(name) && !serving.includes(name)),
      [],
      `not in ${folder}${table}: add a row there, or, for what only serves rows, its name in tests/architecture/tables.ts`,
    );
    const idle = serving.filter((name) => !names.includes(name));
    assert.deepEqual(idle, [], 'named as serving in tests/architecture/tables.ts and not there');
  });
}

for (const { what, folder, table, row } of TABLE_ROWS) {
  test(`every ${what} is a row of ${folder}${table}`, () => {
    const inFolder = sources.filter(({ path, isTest }) => path.startsWith(folder) && !isTest);
    const made = inFolder.flatMap(({ path, text }) => [...text.matchAll(row)].map(([, name = '']) => ({ path, name })));
    const said = inFolder.find(({ path }) => path === folder + table)?.text ?? '';
    assert.ok(made.length > 1, `none was found by ${row}`);
    const rows = said.replaceAll(/^import\b[^;]*;$/gm, '');
    const missing = made.filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(rows));
    assert.deepEqual(
      missing.map(({ path, name }) => `${path}: ${name}`),
      [],
      `nobody would ever see it: add it to ${folder}${table}`,
    );
  });
}

test(`no file has more than ${LINES} lines`, () => {
  const long = handwritten.filter(({ text }) => linesOf(text) > LINES).map(({ path }) => path);
  assert.deepEqual(long, [...LONG_FILES].sort(), 'one idea a file: move what is another idea into a file of its own');
});

test('no file or folder has a name that says nothing', () => {
  const bad = handwritten.filter(({ path }) => FORBIDDEN_NAME.test(path)).map(({ path }) => path);
  assert.deepEqual(bad, [], 'name it by what it says or does');
});

for (const { what, pattern } of FORBIDDEN_CODE) {
  test(`there is no ${what.replace(/^an? /, '')}`, () => {
    const own = 'tests/architecture/files.test.ts';
    const found = handwritten
      .filter(({ path }) => path.endsWith('.ts') && path !== own)
      .flatMap(({ path, text }) =>
        codeLines(text)
          .filter(({ line }) => pattern.test(line))
          .map(({ number, line }) => `${path}:${number}: ${line.trim()}`),
      );
    assert.deepEqual(found, []);
  });
}

test('no compiler error is silenced', () => {
  const found = handwritten.filter(({ text }) => SILENCED.test(text)).map(({ path }) => path);
  assert.deepEqual(found, []);
});

test('every file says what it is: a header, or a docstring at its first declaration', () => {
  const silent = handwritten
    .filter(({ path, text, isTest }) => !isTest && path.endsWith('.ts') && linesOf(text) >= SHORT)
    .filter(({ text }) => !saysWhatItIs(text))
    .map(({ path, text }) => `${path} (${linesOf(text)} lines)`);
  assert.deepEqual(silent, [], 'begin it with a line /** … */ that says what it is for');
});

/** Looks at what comes first, and at what comes first after the imports. */
function saysWhatItIs(text: string): boolean {
  const isComment = (part: string) => /^(?:\/\*\*|\/\/)/.test(part);
  const whole = text.replace(/^#!.*\n/, '').trimStart();
  const declared = whole.replace(/(?:^import\b[^;]*;\s*)+/, '');
  return isComment(whole) || isComment(declared);
}
