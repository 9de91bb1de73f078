/** Overwriting service-account tokens in files of a copy, each byte by another so that nothing moves. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { findTokens } from '@stillframe/checkpoint';
import type { ReadOptions } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { runtimeError } from '../errors.ts';

/** Bytes of an unpacked tmpfs. */
const UNPACKED_LIMIT = 8 * 1024 ** 3;

/** Overwrites every token in the images of `folder`, and says how many there were. */
export async function scrubImages(folder: string, options: ReadOptions = {}): Promise<number> {
  let count = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    count += name.endsWith('.tar.gz.img') ? await scrubPacked(path, options) : await scrubFile(path, options);
  }
  return count;
}

/** `text` with every token in it overwritten. */
export async function scrubText(text: string): Promise<string> {
  const bytes = Buffer.from(text);
  const source = {
    size: bytes.length,
    async readInto(offset: number, target: Uint8Array) {
      return bytes.copy(target, 0, offset);
    },
  };
  for await (const { offset, bytes: length } of findTokens(source)) bytes.fill('X', offset, offset + length);
  return bytes.toString();
}

async function scrubFile(path: string, options: ReadOptions): Promise<number> {
  await using source = await openFileSource(path);
  await using target = await open(path, 'r+');
  let count = 0;
  for await (const { offset, bytes } of findTokens(source, options)) {
    await target.write(Buffer.alloc(bytes, 'X'), 0, bytes, offset);
    count += 1;
  }
  return count;
}

/** What CRIU keeps of a tmpfs is a packed tar. */
async function scrubPacked(path: string, { signal }: ReadOptions): Promise<number> {
  const [plain, packed] = [`${path}.plain`, `${path}.packed`];
  try {
    const files = { mode: 0o600, flags: 'wx' } as const;
    const abort = signal === undefined ? {} : { signal };
    await pipeline([createReadStream(path), createGunzip(), bounded(), createWriteStream(plain, files)], abort);
    const count = await scrubFile(plain, { signal });
    if (count > 0) {
      await pipeline([createReadStream(plain), createGzip({ level: 1 }), createWriteStream(packed, files)], abort);
      await rename(packed, path);
    }
    return count;
  } finally {
    for (const each of [plain, packed]) await rm(each, { force: true });
  }
}

function bounded(): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length;
      const message = 'a tmpfs of the dump unpacks to more than any sound one; tokens in it cannot be looked for';
      done(bytes > UNPACKED_LIMIT ? runtimeError('ERR_RESTORE_REFUSED', message) : null, chunk);
    },
  });
}
