/** Headers of archives that we write: ustar (POSIX.1-2001) with pax records where a field does not fit. Pure: bytes in, bytes out. */
import { BLOCK, encodeTarHeader, paddedSize } from './tar-header.ts';
import { encodePax } from './tar-pax.ts';

export interface HeaderFacts {
  /** Relative, with `/` between; a folder's name ends with `/`. */
  name: string;
  type: 'file' | 'folder';
  /** Bytes; 0 for a folder. */
  size: number;
  /** Permission bits. */
  mode: number;
  /** Seconds since 1970. */
  mtime: number;
}

/** Largest size that 11 octal digits hold: 8 GiB less one. */
const OCTAL_SIZE = 0o77777777777;
/** Bytes of the name field. */
const NAME = 100;

/** One entry's header, preceded by a pax header where name or size need one. Owner is 0/0. */
export function encodeHeader(facts: HeaderFacts): Uint8Array {
  const records: [string, string][] = [];
  if (Buffer.byteLength(facts.name) > NAME) records.push(['path', facts.name]);
  if (facts.size > OCTAL_SIZE) records.push(['size', String(facts.size)]);
  const plain = encodeTarHeader({
    name: shortened(facts.name),
    type: facts.type === 'file' ? '0' : '5',
    size: BigInt(Math.min(facts.size, OCTAL_SIZE)),
    mode: facts.mode & 0o7777,
    mtime: Math.max(0, Math.floor(facts.mtime)),
  });
  return records.length === 0 ? plain : Buffer.concat([paxHeader(encodePax(records)), plain]);
}

/**
 * A pax header whose only record is a comment, `length` bytes in all: how the next entry's body is brought to a chosen
 * offset without an entry of its own. Throws RangeError unless `length` is a multiple of 512 and at least 1024.
 */
export function encodeFiller(length: number): Uint8Array {
  const body = length - BLOCK;
  if (body < BLOCK || length % BLOCK !== 0) throw new RangeError(`no filler has ${length} bytes`);
  const comment = (blanks: number) => encodePax([['comment', ' '.repeat(blanks)]]);
  let blanks = body - comment(0).length;
  // The record names its own length in decimal, which takes more digits as it grows.
  for (let excess = comment(blanks).length - body; excess > 0; excess = comment(blanks).length - body) blanks -= excess;
  return paxHeader(comment(blanks));
}

/** Zero bytes that bring a body of `size` bytes to a whole block. */
export function paddingOf(size: number): number {
  return paddedSize(size) - size;
}

/** The two zero blocks that end an archive. */
export const endOfArchive: Uint8Array = new Uint8Array(2 * BLOCK);

/** A pax extended header with its padded records, for the next entry. */
function paxHeader(records: Uint8Array): Uint8Array {
  const header = encodeTarHeader({ name: 'pax', type: 'x', size: BigInt(records.length) });
  return Buffer.concat([header, records, new Uint8Array(paddingOf(records.length))]);
}

/** As many whole characters as the name field holds, for readers that know no pax. */
function shortened(name: string): string {
  const field = Buffer.alloc(NAME);
  return field.toString('utf8', 0, field.write(name, 'utf8'));
}
