import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { NodeContext } from '../context.ts';
import { openWork } from './work.ts';

/** A journal that says whether the work folder is there whenever a note is written or struck out. */
function watched() {
  const said: string[] = [];
  let path = '';
  const say = (what: string) => said.push(`${what}, ${existsSync(path) ? 'folder' : 'no folder'}`);
  const journal = {
    begin: async ({ workFolder }: { workFolder: string }) => {
      path = workFolder;
      say('noted');
      return { add: async () => undefined, [Symbol.asyncDispose]: async () => void say('struck out') };
    },
  };
  return { said, context: { journal, onStep: () => undefined } as unknown as NodeContext };
}

test('the folder is there only while it is noted, so that a kill leaves none that nobody knows', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { said, context } = watched();
  {
    await using work = await openWork(context, ['a'], folder.path);
    await writeFile(join(work.path, 'pages-1.img'), 'x');
  }
  assert.deepEqual(said, ['noted, no folder', 'struck out, no folder']);
  assert.deepEqual(await readdir(folder.path), []);
});

test('where no folder can be made no note stays', async () => {
  const { said, context } = watched();
  await assert.rejects(openWork(context, ['a'], '/proc'), { code: 'ERR_CHECKPOINT_LOCATION' });
  assert.deepEqual(said, ['noted, no folder', 'struck out, no folder']);
});
