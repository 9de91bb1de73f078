import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder, writeTextAtomically } from './file/index.ts';
import { systemFact, typedSystemError } from './system-error.ts';

test('a refusal of the system is told by its path and a code of ours', async () => {
  const error = await open('/nonexistent/file').catch((thrown: unknown) => thrown);
  const told = typedSystemError(error);
  assert.deepEqual(
    [told?.code, told?.kind, told?.message],
    ['ERR_PATH_MISSING', 'not-found', '/nonexistent/file does not exist'],
  );
  assert.equal(systemFact(error), 'does not exist');
});

test('a temporary name that cannot be made is told as the folder that was asked for', async () => {
  const folder = join(tmpdir(), 'stillframe-nonexistent');
  for (const work of [() => writeTextAtomically(join(folder, 'a'), ''), () => openTemporaryFolder(folder)]) {
    const error = await Promise.resolve(work()).catch((thrown: unknown) => thrown);
    assert.equal(typedSystemError(error)?.message, `${folder} does not exist`);
  }
});

test('what is no refusal of the system is left to others', () => {
  for (const error of [new Error('m'), Object.assign(new Error('m'), { code: 'ENOENT' }), 'text', undefined])
    assert.equal(typedSystemError(error), undefined);
});
