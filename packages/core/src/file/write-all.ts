/** Writing at a place of a file; a system writes as much as it likes at a time. */
import type { FileHandle } from 'node:fs/promises';

/** Writes `bytes`, all of them, from `offset` on. Throws the system's errors. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}
