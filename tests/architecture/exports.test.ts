import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeLines, handwritten, sources, tools } from './project.ts';

/** Types may be exported for the signatures that they stand in; a value is exported for somebody. */
const EXPORTED = /^export (?:async )?(?:function\*?|class|const|let) ([A-Za-z_$][\w$]*)/gm;
/** What is imported, at the top of a file or later. To hand a name on is not to use it. */
const IMPORTED =
  /^import\s[^'"]*?\{([^}]*)\}\s*from|\{([^{}]*)\}\s*=\s*await import\(|\(await import\([^)]*\)\)\.(\w+)/gm;
const CODE = /\bERR_[A-Z0-9_]+\b/g;

test('what a file exports, another one imports', () => {
  const imported = new Set<string>();
  for (const { text } of [...sources, ...tools])
    for (const match of text.matchAll(IMPORTED))
      for (const name of match.slice(1).join(',').split(',')) imported.add(name.trim().replace(/^type | as .*$/g, ''));
  const unused = sources
    .filter(({ path }) => path.startsWith('packages/') && !path.includes('/gen/'))
    .flatMap(({ path, text }) => [...text.matchAll(EXPORTED)].map(([, name = '']) => ({ path, name })))
    .filter(({ name }) => !imported.has(name))
    .map(({ path, name }) => `${path}: ${name}`);
  const advice =
    'nobody imports it: is a row of a table missing (ARCHITECTURE.md), or a test? else it needs no `export`';
  assert.deepEqual(unused, [], advice);
});

test('a code that a table of errors has stands somewhere else, too', () => {
  const lines = handwritten.filter(({ isTest }) => !isTest).flatMap(({ text }) => codeLines(text));
  const codes = lines.flatMap(({ line }) => line.match(CODE) ?? []);
  const rows = lines.flatMap(({ line }) => /^ {2}(ERR_[A-Z0-9_]+): /.exec(line)?.[1] ?? []);
  assert.ok(rows.length > 200, `${rows.length} rows were found`);
  assert.deepEqual(
    rows.filter((row) => codes.indexOf(row) === codes.lastIndexOf(row)),
    [],
  );
});
