import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { demand } from '../process/run.ts';
import { openSource } from './source.ts';

test('what is no checkpoint is refused in the words of the reader', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  for (const [name, bytes] of Object.entries({ empty: '', text: 'no archive', zeroes: Buffer.alloc(4096) })) {
    const path = join(folder.path, name);
    await writeFile(path, bytes);
    await assert.rejects(openSource(path), {
      code: 'ERR_RESTORE_ARCHIVE',
      message: /^not a checkpoint that can be restored: /,
    });
  }
});

test('a FIFO is refused without waiting for somebody to write to it', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'archive.tar');
  await demand(['mkfifo', path], {});
  await assert.rejects(openSource(path), { code: 'ERR_RESTORE_ARCHIVE', message: /neither a file nor a folder/ });
  await assert.rejects(openFileSource(path), { code: 'ERR_FILE_UNREADABLE', message: /is not a regular file/ });
});
