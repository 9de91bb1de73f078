import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { extractors } from './extractors.ts';

test('docs/reading.md says of every kind that can be taken out what is written', async () => {
  const page = await readFile(new URL('../../../../docs/reading.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| ([a-z]+(?:, [a-z]+)*) \|/gm)].flatMap(([, names = '']) => names.split(', '));
  const missing = extractors.map(({ kind }) => kind).filter((kind) => !rows.includes(kind));
  assert.deepEqual(missing, [], 'add it to the table of kinds there');
});

test('a kind has one row', () => {
  const kinds = extractors.map(({ kind }) => kind);
  assert.deepEqual(kinds, [...new Set(kinds)]);
});
