/** No file, text or code, is left in the middle of a merge. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const FILES = '{*,{.ci,bench,docs,packages,proto,scripts,setup,tests}/**/*}.{md,ts,mjs,txt,proto,json,pl,sh,yaml}';

test('no file holds the marks of a merge that was not ended', () => {
  const found = globSync(FILES, { cwd: root, exclude: (path) => /node_modules|dist$/.test(path) }).filter((path) =>
    /^(?:<{7} |>{7} )/m.test(readFileSync(join(root, path), 'utf8')),
  );
  assert.deepEqual(found, []);
});
