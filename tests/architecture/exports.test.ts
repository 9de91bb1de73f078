import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sources, tools } from './project.ts';

/** Types may be exported for the signatures that they stand in; a value is exported for somebody. */
const EXPORTED = /^export (?:async )?(?:function\*?|class|const|let) ([A-Za-z_$][\w$]*)/gm;
const WORD = /[A-Za-z_$][\w$]*/g;

test('what a file exports, another one names', () => {
  const named = new Map<string, Set<string>>();
  for (const { path, text } of [...sources, ...tools])
    for (const [word] of text.matchAll(WORD)) named.set(word, (named.get(word) ?? new Set()).add(path));
  const unused = sources
    .filter(({ path }) => path.startsWith('packages/') && !path.includes('/gen/'))
    .flatMap(({ path, text }) => [...text.matchAll(EXPORTED)].map(([, name = '']) => ({ path, name })))
    .filter(({ name }) => (named.get(name)?.size ?? 0) < 2)
    .map(({ path, name }) => `${path}: ${name}`);
  const advice =
    'nobody imports it: is a row of a table missing (ARCHITECTURE.md), or a test? else it needs no `export`';
  assert.deepEqual(unused, [], advice);
});
