/** One layer of an image, unpacked for overlayfs. */

import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { decompressedBytes, sniffCompression } from '@stillframe/checkpoint';
import { type ByteSource, type Digest, Sha256, streamOf } from '@stillframe/core';
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
  await using source = await openFileSource(blob);
  const hashed = async function* () {
    for await (const chunk of await contentOf(source, signal)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(hashed(), createWriteStream(tar, { mode: 0o600 }), { signal });
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

/** The layer's tar: gzip, zstd in one frame or many, or as it is. */
async function contentOf(source: ByteSource, signal: AbortSignal | undefined): Promise<AsyncIterable<Uint8Array>> {
  const head = Buffer.alloc(8);
  await source.readInto(0, head, { signal });
  const compression = sniffCompression(head);
  const readable = compression === 'gzip' || compression === 'zstd';
  return readable
    ? decompressedBytes(source, compression, { signal })
    : streamOf(source, { signal, chunkSize: 1 << 20 });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
