/** Changing memory in an image set: which bytes of which pages images must become what. The writing is the caller's. */
import { criuError } from '../errors.ts';
import { fileNameOf } from '../kinds.ts';
import type { AddressSpace } from '../memory/address-space.ts';

/** Bytes that take the place of as many others in a file of the set. */
export interface ImageWrite {
  /** File name. */
  image: string;
  offset: number;
  bytes: Uint8Array;
}

/**
 * What must be written so that the process has `bytes` at `vaddr` once it is restored. The size of no image changes.
 * Throws ERR_CRIU_EDIT_NOT_STORED where one of the bytes is in no pages image: a page that was never written, that is
 * the mapped file's, or that is lost.
 */
export async function planMemoryWrite(space: AddressSpace, vaddr: bigint, bytes: Uint8Array): Promise<ImageWrite[]> {
  const parts = await space.stored(vaddr, bytes.length);
  if (parts === undefined) {
    const where = `${bytes.length} bytes at 0x${vaddr.toString(16)} of process ${space.pid}`;
    throw criuError('ERR_CRIU_EDIT_NOT_STORED', `the dump has not stored all of the ${where}`);
  }
  let done = 0;
  return parts.map(({ pagesId, offset, bytes: length }) => {
    const part = bytes.subarray(done, done + length);
    done += length;
    return { image: fileNameOf('pages', pagesId), offset, bytes: part };
  });
}
