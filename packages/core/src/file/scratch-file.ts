/** A file for the time being, without a name: nobody else finds it, and it is gone with the process, however that ends. */
import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource } from '../byte-source.ts';
import { TEMPORARY_PREFIX } from './atomic-file.ts';
import { readHandle } from './file-source.ts';

/** Bytes are appended, then read at random. Disposing gives the space back. */
export interface ScratchFile extends AsyncDisposable {
  /** Bytes written so far. */
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  /** What has been written so far as a source; it lives as long as the file. */
  source(): ByteSource;
}

/** Makes a file in `folder` (mode 0600) and takes its name away at once, before anything is in it. */
export async function openScratchFile(folder: string): Promise<ScratchFile> {
  const path = join(folder, `${TEMPORARY_PREFIX}scratch-${randomBytes(6).toString('hex')}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await rm(path);
  } catch (error) {
    await handle.close();
    throw error;
  }
  let size = 0;
  return {
    get size() {
      return size;
    },
    async append(bytes) {
      await handle.writeFile(bytes);
      size += bytes.length;
    },
    source() {
      const written = size;
      return {
        size: written,
        readInto: (offset, target, options) => readHandle(handle, written, offset, target, options),
      };
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
