/** A core file onto a disk: holes stay holes, and the file appears whole or not at all. */
import { bytesText, systemCode } from '@stillframe/core';
import { writeAll, writeAtomically } from '@stillframe/core/file';
import type { SignalOptions } from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import type { CoreFile } from './core-file.ts';

export interface WriteCoreOptions extends SignalOptions {
  /** Called with the bytes of memory written so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Mode 0600. Throws ERR_FILE_EXISTS where `path` is taken, for a core may be evidence that others have looked at, and
 * ERR_CORE_NO_ROOM.
 */
export async function writeCore(core: CoreFile, path: string, options: WriteCoreOptions = {}): Promise<void> {
  let written = 0;
  const writing = writeAtomically(
    path,
    async (file) => {
      await file.truncate(core.size);
      for await (const { offset, bytes } of core.parts(options)) {
        await writeAll(file, bytes, offset);
        written += bytes.length;
        options.onProgress?.(written);
      }
    },
    { replace: false },
  );
  await writing.catch((cause: unknown) => {
    const code = systemCode(cause) ?? '';
    if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) throw cause;
    const needed = bytesText(Number(core.memory.captured));
    const message = `there is no room for ${path}, which takes ${needed}, its holes apart: ${code}`;
    throw checkpointError('ERR_CORE_NO_ROOM', message, { cause, details: { path } });
  });
}
