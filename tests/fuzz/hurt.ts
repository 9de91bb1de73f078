/** What is done to an archive: cut off, bits turned, lengths grown, parts moved, repacked. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Random } from './random.ts';

const le32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const le64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);

/** Lengths that a naive reader believes: as a word, two words, a varint, octal and base-256 digits of a tar header. */
const LENGTHS: readonly [Uint8Array, ...Uint8Array[]] = [
  le32(2 ** 31),
  le32(2 ** 31 - 1),
  le32(2 ** 32 - 1),
  le64(2n ** 63n),
  le64(2n ** 63n - 1n),
  le64(2n ** 64n - 1n),
  Buffer.from('ffffffffffffffffff01', 'hex'),
  Buffer.from('ffffffff0f', 'hex'),
  Buffer.from('77777777777\0'),
  Buffer.from('800000007fffffffffffffff', 'hex'),
  Buffer.from('ffffffffffffffffffffffff', 'hex'),
];

/** One way to hurt `bytes` near `at`; the result may share nothing with it. */
export type Hurt = (bytes: Uint8Array, at: number, random: Random) => Uint8Array;

export const truncate: Hurt = (bytes, at) => bytes.subarray(0, at);

export const flip: Hurt = (bytes, at, random) => {
  const hurt = Buffer.from(bytes);
  hurt[at] = (hurt[at] ?? 0) ^ (1 << random.below(8));
  return hurt;
};

export const grow: Hurt = (bytes, at, random) => {
  const hurt = Buffer.from(bytes);
  hurt.set(random.of(LENGTHS).subarray(0, Math.max(0, hurt.length - at)), at);
  return hurt;
};

const insert: Hurt = (bytes, at, random) => {
  const from = random.below(bytes.length);
  const part = bytes.subarray(from, from + random.of([1, 4, 512, 1024, 4096]));
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
};

const remove: Hurt = (bytes, at, random) =>
  Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.of([1, 4, 512, 1024, 4096]))]);

const blank: Hurt = (bytes, at, random) => {
  const hurt = Buffer.from(bytes);
  hurt.fill(random.of([0, 0xff, 0x80, 0x2f, 0x2e]), at, Math.min(hurt.length, at + random.of([1, 8, 64, 512, 4096])));
  return hurt;
};

/** A header whose fields were changed must have a sum that fits, or no reader looks at them. */
export function withChecksums(bytes: Uint8Array, headers: readonly number[]): Uint8Array {
  const fixed = Buffer.from(bytes);
  for (const at of headers) {
    if (at + 512 > fixed.length || fixed.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    fixed.fill(0x20, at + 148, at + 156);
    const sum = fixed.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    fixed.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return fixed;
}

/** Names and link targets that lead elsewhere. */
const NAMES: readonly [string, ...string[]] = [
  '../../../../tmp/stillframe-escaped',
  '/tmp/stillframe-escaped',
  'checkpoint/../../stillframe-escaped',
  'checkpoint/inventory.img',
  'checkpoint/parent',
  'checkpoint/',
  '.',
  '',
  'a\0b',
];

/** Gives a header another name, type and link target. */
const rename: Hurt = (bytes, at, random) => {
  const hurt = Buffer.from(bytes);
  const header = Math.floor(at / 512) * 512;
  if (header + 512 > hurt.length) return hurt;
  if (random.below(2) === 0) hurt.fill(0, header, header + 100).write(random.of(NAMES), header);
  if (random.below(2) === 0)
    hurt.write(random.of(['0', '1', '2', '3', '5', '6', '7', 'g', 'x', 'L', 'K', 'S', 'Z']), header + 156);
  if (random.below(2) === 0) hurt.fill(0, header + 157, header + 257).write(random.of(NAMES), header + 157);
  return withChecksums(hurt, [header]);
};

const HURTS: readonly [Hurt, ...Hurt[]] = [truncate, flip, flip, grow, grow, insert, remove, blank, rename];

/** An archive hurt in one to six places, half of them boundaries, and now and then packed, or hurt after being packed. */
export function hurtArchive(
  archive: Uint8Array,
  boundaries: readonly number[],
  headers: readonly number[],
  random: Random,
): Uint8Array {
  const pack = random.of([undefined, undefined, undefined, gzipSync, zstdCompressSync]);
  const early = pack !== undefined && random.below(2) === 0;
  const whole = early ? pack(archive) : archive;
  let bytes = whole;
  for (let left = 1 + random.below(6); left > 0 && bytes.length > 0; left -= 1) {
    const near = boundaries[random.below(boundaries.length)] ?? 0;
    const at = early || random.below(2) === 0 ? random.below(bytes.length) : near + random.below(3) - 1;
    bytes = random.of(HURTS)(bytes, Math.min(bytes.length - 1, Math.max(0, at)), random);
  }
  if (early) return bytes;
  const fixed = random.below(2) === 0 ? withChecksums(bytes, headers) : bytes;
  return pack === undefined ? fixed : pack(fixed);
}
