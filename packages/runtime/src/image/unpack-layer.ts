/** One layer of an image, unpacked for overlayfs. */

import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type Digest, Sha256 } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { runtimeError } from '../errors.ts';
import { extractTar } from '../rootfs/apply-diff.ts';
import { convertWhiteouts } from '../rootfs/whiteouts.ts';

/**
 * Unpacks `blob` (a tar: plain, gzip or zstd) to `folder`, verifying that its uncompressed bytes are `diffID`. Does
 * nothing where the folder is there: it appears by a rename, so only whole. Throws ERR_IMAGE_UNUSABLE.
 */
export async function unpackLayer(blob: string, diffID: Digest, folder: string, signal?: AbortSignal): Promise<void> {
  if (await exists(folder)) return;
  await using work = await openTemporaryFolder(dirname(folder), 'layer');
  const tar = join(work.path, 'layer.tar');
  const hash = new Sha256();
  const input = createReadStream(blob, { highWaterMark: 1 << 20 });
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(input, await decompressor(blob), hashed, createWriteStream(tar, { mode: 0o600 }), { signal });
  const actual = hash.digest();
  if (actual !== diffID)
    throw runtimeError('ERR_IMAGE_UNUSABLE', `a layer is ${actual} where the image says ${diffID}`);
  const tree = join(work.path, 'tree');
  await mkdir(tree, { mode: 0o755 });
  await chmod(tree, 0o755);
  await extractTar(tar, tree);
  await convertWhiteouts(tree);
  await rm(tar);
  await rename(tree, folder);
}

async function decompressor(path: string): Promise<Transform> {
  await using source = await openFileSource(path);
  const magic = Buffer.alloc(4);
  await source.readInto(0, magic);
  // Node's default chunk of 16 KiB makes gunzip four times slower.
  if (magic.readUInt16BE(0) === 0x1f8b) return createGunzip({ chunkSize: 1 << 20 });
  if (magic.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress({ chunkSize: 1 << 20 });
  return new PassThrough();
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
