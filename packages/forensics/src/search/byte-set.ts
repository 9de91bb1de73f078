/** Sets of bytes, and how often a byte of one is met in memory: what is rare is looked for first. */

/** 256 entries: 1 for a byte of the set. */
export type ByteSet = Uint8Array;

/** All bytes for which `has` is so. */
export function byteSet(has: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(has(byte)));
}

const singles = Array.from({ length: 256 }, (_, only) => byteSet((byte) => byte === only));

/** One byte. Sets are shared: a long literal has no more of them than it has letters. */
export function oneByte(byte: number): ByteSet {
  return singles[byte & 0xff] ?? ANY;
}

/** Every byte. */
export const ANY: ByteSet = byteSet(() => true);

/** The bytes whose bits under `mask` are those of `value`. */
export function maskedBytes(mask: number, value: number): ByteSet {
  return mask === 0xff ? oneByte(value) : byteSet((byte) => (byte & mask) === value);
}

const letters = Array.from({ length: 26 }, (_, letter) => maskedBytes(0xdf, 0x41 + letter));

/** An ASCII letter in both cases, any other byte alone. */
export function eitherCase(byte: number): ByteSet {
  const lower = byte | 0x20;
  return letters[lower - 0x61] ?? oneByte(byte);
}

/** The bytes of a set, ascending. */
export function bytesOf(set: ByteSet): number[] {
  const bytes: number[] = [];
  for (let byte = 0; byte < 256; byte += 1) if (set[byte] === 1) bytes.push(byte);
  return bytes;
}

/** Share of a byte in memory: zeroes are most of it, texts much, small numbers and 0xff some. Guessed from dumps of services. */
function shareOf(byte: number): number {
  if (byte === 0) return 0.3;
  if (byte === 0xff) return 0.03;
  if (byte === 0x20 || 'aeinorst'.includes(String.fromCharCode(byte))) return 0.02;
  if (byte >= 0x61 && byte <= 0x7a) return 0.01;
  if (byte < 0x10 || (byte >= 0x30 && byte <= 0x39) || byte === 0x48 || byte === 0x2e || byte === 0x5f) return 0.008;
  return 0.002;
}

const shares = Float64Array.from({ length: 256 }, (_, byte) => shareOf(byte));
const known = new WeakMap<ByteSet, number>();

/** How likely a byte of memory is of the set. */
export function likelihood(set: ByteSet): number {
  const before = known.get(set);
  if (before !== undefined) return before;
  let sum = 0;
  for (let byte = 0; byte < 256; byte += 1) if (set[byte] === 1) sum += shares[byte] ?? 0;
  known.set(set, Math.min(1, sum));
  return Math.min(1, sum);
}
