/** Codec of one tar header block: v7, ustar and GNU (POSIX.1-2024 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). */

/** Bytes of one block; headers take one, bodies are padded to a multiple. */
export const BLOCK = 512;

/** The fields of one header, before any extension changed them. Text is UTF-8 decoded with replacement, raw otherwise. */
export interface TarHeader {
  /** `prefix/name` where a ustar prefix is given. */
  name: string;
  /** Permission bits and the like. */
  mode: number;
  /** Owner and group; base-256 values beyond 2^53 and unreadable ones are 0. */
  uid: number;
  gid: number;
  /** Bytes of the body, as claimed; negative where a base-256 field says so. */
  size: bigint;
  /** Seconds since 1970. */
  mtime: number;
  /** The type flag as one character; `0` stands for NUL too. */
  type: string;
  linkName: string;
  /** Of a device; 0 for the rest, and in archives of v7. */
  deviceMajor: number;
  deviceMinor: number;
  dialect: 'ustar' | 'gnu' | 'v7';
}

/** What a block turned out to be. `invalid` carries the reason, in words. */
export type DecodedBlock =
  | { kind: 'header'; header: TarHeader }
  | { kind: 'zero' }
  | { kind: 'invalid'; reason: string };

const text = new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes a 512-byte block. Never throws: what is no header is `invalid`. */
export function decodeTarHeader(block: Uint8Array): DecodedBlock {
  if (block.length !== BLOCK) return { kind: 'invalid', reason: `a header has ${BLOCK} bytes, not ${block.length}` };
  if (isZero(block)) return { kind: 'zero' };
  const stored = smallNumber(block.subarray(148, 156));
  const { unsigned, signed } = checksums(block);
  if (stored !== unsigned && stored !== signed) return { kind: 'invalid', reason: 'header checksum is wrong' };
  const size = decodeNumber(block.subarray(124, 136));
  if (size === undefined) return { kind: 'invalid', reason: 'size is no number' };
  const dialect = dialectOf(block);
  const base = cString(block.subarray(0, 100));
  const prefix = dialect === 'ustar' ? cString(block.subarray(345, 500)) : '';
  const flag = block[156] ?? 0;
  return {
    kind: 'header',
    header: {
      name: prefix === '' ? base : `${prefix}/${base}`,
      mode: smallNumber(block.subarray(100, 108)),
      uid: smallNumber(block.subarray(108, 116)),
      gid: smallNumber(block.subarray(116, 124)),
      size,
      mtime: smallNumber(block.subarray(136, 148)),
      type: flag === 0 ? '0' : String.fromCharCode(flag),
      linkName: cString(block.subarray(157, 257)),
      deviceMajor: dialect === 'v7' ? 0 : smallNumber(block.subarray(329, 337)),
      deviceMinor: dialect === 'v7' ? 0 : smallNumber(block.subarray(337, 345)),
      dialect,
    },
  };
}

/** What an encoder needs; the rest of the header has defaults. */
export type TarHeaderFields = Pick<TarHeader, 'name' | 'size' | 'type'> & Partial<TarHeader>;

/**
 * Encodes a header: ustar, or GNU where `dialect` says so, with base-256 numbers where octal digits do not suffice.
 * Throws RangeError where the name fits neither field (write a pax `path` record before such an entry).
 */
export function encodeTarHeader(fields: TarHeaderFields): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const gnu = fields.dialect === 'gnu';
  const { base, prefix } = splitName(Buffer.from(fields.name), gnu);
  block.set(base, 0);
  block.set(prefix, 345);
  encodeNumber(block.subarray(100, 108), BigInt(fields.mode ?? 0o600));
  encodeNumber(block.subarray(108, 116), BigInt(fields.uid ?? 0));
  encodeNumber(block.subarray(116, 124), BigInt(fields.gid ?? 0));
  encodeNumber(block.subarray(124, 136), fields.size);
  encodeNumber(block.subarray(136, 148), BigInt(fields.mtime ?? 0));
  block[156] = fields.type.charCodeAt(0);
  if (fields.deviceMajor !== undefined) encodeNumber(block.subarray(329, 337), BigInt(fields.deviceMajor));
  if (fields.deviceMinor !== undefined) encodeNumber(block.subarray(337, 345), BigInt(fields.deviceMinor));
  const link = Buffer.from(fields.linkName ?? '');
  if (link.length > 100) throw new RangeError('link name is longer than 100 bytes');
  block.set(link, 157);
  block.set(Buffer.from(gnu ? 'ustar  \0' : 'ustar\x0000', 'latin1'), 257);
  const { unsigned } = checksums(block);
  block.set(Buffer.from(`${unsigned.toString(8).padStart(6, '0')}\0 `, 'latin1'), 148);
  return block;
}

/** Bytes that a body of `size` takes with its padding. */
export function paddedSize(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Octal digits between blanks, or a big-endian base-256 number where the top bit is set; undefined for anything else. */
export function decodeNumber(field: Uint8Array): bigint | undefined {
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) {
    const negative = (first & 0x40) !== 0;
    // Seven bits of the first byte belong to the number, the sixth is its sign (two's complement).
    let value = BigInt(negative ? first | ~0xff : first & 0x7f);
    for (let i = 1; i < field.length; i += 1) value = (value << 8n) | BigInt(field[i] ?? 0);
    return value;
  }
  const value = octal(field);
  return value === undefined ? undefined : BigInt(value);
}

/** Twelve digits are 36 bits at most, so a plain number holds them. There are a million of these in a large archive. */
function octal(field: Uint8Array): number | undefined {
  let at = 0;
  while (at < field.length && isBlank(field[at] ?? 0)) at += 1;
  let value = 0;
  for (; at < field.length; at += 1) {
    const digit = (field[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  while (at < field.length && isBlank(field[at] ?? 0)) at += 1;
  return at === field.length || field[at] === 0 ? value : undefined;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function encodeNumber(field: Uint8Array, value: bigint): void {
  const digits = value.toString(8);
  if (value >= 0n && digits.length < field.length) {
    field.set(Buffer.from(digits.padStart(field.length - 1, '0'), 'latin1'));
    return;
  }
  let rest = value;
  for (let i = field.length - 1; i >= 0; i -= 1) {
    field[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  field[0] = (field[0] ?? 0) | 0x80;
}

function splitName(name: Buffer, gnu: boolean): { base: Uint8Array; prefix: Uint8Array } {
  if (name.length <= 100) return { base: name, prefix: new Uint8Array() };
  for (let at = name.length - 101; at < name.length - 1 && at <= 155 && !gnu; at += 1) {
    if (at > 0 && name[at] === 0x2f) return { base: name.subarray(at + 1), prefix: name.subarray(0, at) };
  }
  throw new RangeError('name fits no ustar header');
}

/** Some old writers summed signed bytes; readers accept both sums. The checksum field itself counts as blanks. */
function checksums(block: Uint8Array): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let i = 0; i < BLOCK; i += 1) {
    const byte = block[i] ?? 0;
    unsigned += byte;
    high += byte >> 7;
  }
  for (let i = 148; i < 156; i += 1) {
    const byte = block[i] ?? 0;
    unsigned += 0x20 - byte;
    high -= byte >> 7;
  }
  return { unsigned, signed: unsigned - 256 * high };
}

function dialectOf(block: Uint8Array): TarHeader['dialect'] {
  if (!holds(block, 257, USTAR)) return 'v7';
  if (block[262] === 0) return 'ustar';
  return holds(block, 262, GNU) ? 'gnu' : 'v7';
}

const USTAR = [0x75, 0x73, 0x74, 0x61, 0x72];
const GNU = [0x20, 0x20, 0x00];

function holds(block: Uint8Array, at: number, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => block[at + index] === byte);
}

function cString(field: Uint8Array): string {
  const end = field.indexOf(0);
  return end === 0 ? '' : text.decode(end < 0 ? field : field.subarray(0, end));
}

/** Whether all bytes are zero. */
function isZero(block: Uint8Array): boolean {
  for (let i = 0; i < block.length; i += 1) if (block[i] !== 0) return false;
  return true;
}

/** A field that is of no weight where it is too large or no number: 0 then. */
function smallNumber(field: Uint8Array): number {
  if (((field[0] ?? 0) & 0x80) === 0) return octal(field) ?? 0;
  const value = decodeNumber(field);
  return value === undefined || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? 0 : Number(value);
}
