/** A file as a ByteSource. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ByteSource, demandOffset, type ReadOptions } from '../byte-source.ts';
import { coreError } from '../core-errors.ts';
import { systemFact } from '../system-error.ts';

export interface FileSource extends ByteSource, AsyncDisposable {
  readonly path: string;
}

/**
 * Opens a regular file for reading; its size is fixed at this moment.
 * Throws ERR_FILE_UNREADABLE where it is missing, no regular file, or may not be read.
 */
export async function openFileSource(path: string): Promise<FileSource> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a FIFO of that name would be waited for until somebody writes to it.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw coreError('ERR_FILE_UNREADABLE', `${path} is not a regular file`, { details: { path } });
  }
  return {
    path,
    size: stat.size,
    locator: { kind: 'file', path, offset: 0, size: stat.size },
    readInto: (offset, target, options) => readHandle(handle, stat.size, offset, target, options),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Reads from an open file as a ByteSource of `size` bytes does: what the file has behind them is no part of it. */
export async function readHandle(
  handle: FileHandle,
  size: number,
  offset: number,
  target: Uint8Array,
  options: ReadOptions = {},
): Promise<number> {
  options.signal?.throwIfAborted();
  demandOffset(offset);
  const length = Math.min(target.length, Math.max(0, size - offset));
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(target, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

function unreadable(path: string, cause: unknown) {
  return coreError('ERR_FILE_UNREADABLE', `${path} ${systemFact(cause)}`, { cause, details: { path } });
}
