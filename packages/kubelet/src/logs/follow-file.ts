/** The bytes of a log file, and what is appended to it while somebody follows, over rotations. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { systemCode } from '@stillframe/core';

const BLOCK = 64 << 10;
/** Milliseconds between two looks at a file that has not grown. */
const PAUSE = 200;

export interface FollowOptions {
  /** Where to begin in the file that is there now. */
  readonly from: (file: FileHandle, size: number) => Promise<number>;
  readonly follow: boolean;
  /** Whether more may come; asked when the end is reached. */
  readonly goesOn: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * The bytes of `path`. While it follows, a file that was moved away is read to its end, then the one that took its name.
 * A chunk is good until the next one is asked for. Ends when the container has ended and all is read. Throws the system's
 * error where the file cannot be opened at first, and the reason of the signal.
 */
export async function* followFile(path: string, options: FollowOptions): AsyncGenerator<Uint8Array> {
  const { follow, goesOn, signal } = options;
  const block = Buffer.alloc(BLOCK);
  let file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    let position = await options.from(file, size);
    // Without following, what is there at the beginning is all: a busy container would never let it end.
    const end = follow ? Number.POSITIVE_INFINITY : size;
    for (let last = false; position < end; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(block, 0, Math.min(BLOCK, end - position), position);
      position += bytesRead;
      if (bytesRead > 0) {
        yield block.subarray(0, bytesRead);
        continue;
      }
      if (last || !follow) return;
      const next = await replaced(file, path, position);
      if (next) {
        await file.close();
        file = next;
        position = 0;
        continue;
      }
      // One more look after the container has ended: it may have written just before.
      last = !(await goesOn());
      if (!last) await delay(PAUSE, undefined, { signal });
    }
  } finally {
    await file.close();
  }
}

/** The file that has the name now, where it is another one or was cut to less than was read of it. */
async function replaced(file: FileHandle, path: string, position: number): Promise<FileHandle | undefined> {
  try {
    const [mine, named] = [await file.stat(), await stat(path)];
    if (mine.ino === named.ino && mine.dev === named.dev && named.size >= position) return undefined;
    // What came between the last read and the renaming is read first.
    if (mine.ino !== named.ino && mine.size > position) return undefined;
    return await open(path, 'r');
  } catch (error) {
    // Between renaming and making anew there is none.
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
