import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { unpackLayer } from './unpack-layer.ts';

/** A skippable frame, as the tables of seekable zstd and of zstd:chunked are. */
function skippable(text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a5e, 0);
  head.writeUInt32LE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

test('a layer is unpacked however its tool compressed it: gzip, one frame of zstd or several, with tables in between', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await mkdir(join(folder.path, 'tree'));
  await writeFile(join(folder.path, 'tree/file'), 'content '.repeat(10_000));
  await promisify(execFile)('tar', [
    '--create',
    '--file',
    join(folder.path, 'a.tar'),
    '--directory',
    join(folder.path, 'tree'),
    '.',
  ]);
  const tar = await readFile(join(folder.path, 'a.tar'));
  const [first, second] = [tar.subarray(0, 30_000), tar.subarray(30_000)];
  const forms = {
    plain: tar,
    gzip: gzipSync(tar),
    members: Buffer.concat([gzipSync(first), gzipSync(second)]),
    zstd: zstdCompressSync(tar),
    frames: Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)]),
    preceded: Buffer.concat([skippable('table'), zstdCompressSync(tar)]),
    chunked: Buffer.concat([zstdCompressSync(first), skippable('table'), zstdCompressSync(second), skippable('end')]),
  };
  for (const [name, bytes] of Object.entries(forms)) {
    const blob = join(folder.path, `${name}.blob`);
    await writeFile(blob, bytes);
    const target = join(folder.path, name);
    await unpackLayer(blob, digestOf(tar), target);
    assert.equal((await readFile(join(target, 'file'), 'utf8')).length, 80_000, name);
  }
});

test('a layer whose content is not what the image says is refused, and none of it stays', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const blob = join(folder.path, 'blob');
  await writeFile(blob, zstdCompressSync(Buffer.alloc(10_240)));
  const target = join(folder.path, 'layer');
  await assert.rejects(unpackLayer(blob, digestOf(Buffer.from('another')), target), { code: 'ERR_IMAGE_UNUSABLE' });
  await assert.rejects(readFile(target), /ENOENT/);
});
