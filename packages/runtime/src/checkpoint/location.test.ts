import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { evidencePath } from '@stillframe/evidence';
import { checkLocation, makeWork, tellFullDisk } from './location.ts';

test('a name is free where neither archive nor evidence has it, and its folder is there', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const at = (name: string) => join(folder.path, name);
  await checkLocation(at('free.tar'));
  await writeFile(at('taken.tar'), '');
  await writeFile(evidencePath(at('evidence.tar')), '');
  await mkdir(at('folder'));
  for (const [location, code] of [
    [at('taken.tar'), 'ERR_CHECKPOINT_EXISTS'],
    [at('evidence.tar'), 'ERR_CHECKPOINT_EXISTS'],
    [at('missing/a.tar'), 'ERR_CHECKPOINT_LOCATION'],
    [at('taken.tar/a.tar'), 'ERR_CHECKPOINT_LOCATION'],
    ['a.tar', 'ERR_CHECKPOINT_LOCATION'],
    [`${folder.path}//a.tar`, 'ERR_CHECKPOINT_LOCATION'],
    [at('x'.repeat(250)), 'ERR_CHECKPOINT_LOCATION'],
  ] as const)
    await assert.rejects(checkLocation(location), { code }, location);
});

test('a folder that takes no files is called that, and not full', async () => {
  await assert.rejects(
    tellFullDisk('/proc/x.tar', async () => {
      await makeWork('/proc/work');
    }),
    { code: 'ERR_CHECKPOINT_LOCATION', message: /^no archive can be written in \/proc: / },
  );
});

test('only what a full disk caused is called a full disk', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const location = join(folder.path, 'a.tar');
  const fail = (error: Error) => tellFullDisk(location, () => Promise.reject(error));
  await assert.rejects(fail(new Error('tar: write error: No space left on device')), {
    code: 'ERR_CHECKPOINT_DISK_FULL',
  });
  await assert.rejects(fail(Object.assign(new Error('x'), { code: 'ENOSPC' })), { code: 'ERR_CHECKPOINT_DISK_FULL' });
  await assert.rejects(fail(new Error('another')), { message: 'another' });
  await assert.rejects(
    tellFullDisk('/proc/x.tar', () => Promise.reject(new Error('another'))),
    { message: 'another' },
  );
  assert.deepEqual(await readdir(folder.path), []);
});
