import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
import { stackOfSources } from './stack.ts';

test('places of a bundle are told as those of its sources, others as they are', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const bundle = join(folder.path, 'dist/bundle/0123');
  await mkdir(bundle, { recursive: true });
  // The first column of its second line is the fifth of the third of the source (source map, revision 3).
  const map = { version: 3, sources: ['../../../src/a.ts'], names: [], mappings: ';AAEI' };
  await writeFile(join(bundle, 'main.mjs.map'), JSON.stringify(map));
  const stack = (...places: string[]) => ['Error: x', ...places.map((place) => `    at run (${place})`)].join('\n');
  const here = (path: string) => pathToFileURL(join(folder.path, path)).href;
  const unknown = [`${here('dist/bundle/0123/gone.mjs')}:1:1`, `${here('src/b.ts')}:2:1`, 'node:internal/x:1:2'];
  assert.equal(
    stackOfSources(stack(`${here('dist/bundle/0123/main.mjs')}:2:1`, ...unknown)),
    stack(`${here('src/a.ts')}:3:5`, ...unknown),
  );
});
