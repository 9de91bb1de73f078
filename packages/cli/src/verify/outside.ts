/** What of an archive lies outside of the bodies that its statement lists: padding, checksums of headers, what follows the end. */
import { type Archive, rangesOf } from '@stillframe/checkpoint';
import { type ByteSource, type ReadOptions, sliceSource, streamOf } from '@stillframe/core';
import type { EntryFault } from './contents.ts';

/** Bytes of a tar block. */
const BLOCK = 512;
/** Entries that are told; a forger changes as many as he likes. */
const MOST = 1000;

/**
 * Entries of a changed archive whose padding is not empty, or whose header's checksum is not written as tar programs do
 * (POSIX: six octal digits, NUL, blank). All else of a header is under that checksum, and ends the reading.
 */
export async function faultsOutside(
  { entries, tar }: Pick<Archive, 'entries'> & { tar: ByteSource },
  options: ReadOptions,
): Promise<EntryFault[]> {
  const faults: EntryFault[] = [];
  const read = async (offset: number, size: number) => {
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, await tar.readInto(offset, bytes, options));
  };
  const bodies = new Set(rangesOf(entries).map(({ name }) => name));
  // In the order of the archive: of a compressed one, frames are decoded as the reads come.
  for (const { name, headerOffset, offset, size } of entries.values()) {
    if (faults.length >= MOST) break;
    const checksum = Buffer.from(await read(headerOffset + 148, 8)).toString('latin1');
    if (!/^[0-7]{6}\0 $/.test(checksum)) faults.push({ name, what: 'header' });
    if (!bodies.has(name)) continue;
    const padding = await read(offset + size, (BLOCK - (size % BLOCK)) % BLOCK);
    if (padding.some((byte) => byte !== 0)) faults.push({ name, what: 'padding' });
  }
  return faults;
}

/** Whether anything but zeroes stands behind the last entry. */
export async function hasTail(
  { entries, tar }: Parameters<typeof faultsOutside>[0],
  options: ReadOptions,
): Promise<boolean> {
  const ends = [...entries.values()].map(({ offset, size }) => Math.ceil((offset + size) / BLOCK) * BLOCK);
  const from = ends.reduce((latest, end) => Math.max(latest, end), 0);
  const rest = sliceSource(tar, Math.min(from, tar.size), Math.max(0, tar.size - from));
  for await (const chunk of streamOf(rest, options)) if (chunk.some((byte) => byte !== 0)) return true;
  return false;
}
