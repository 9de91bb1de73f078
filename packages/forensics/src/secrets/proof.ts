/** What tells a secret from text that looks like one. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Shannon's entropy of the characters, in bits each. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** Whether text is random enough for its length: what keys are and words are not. */
export function isRandom(text: string, least = 3): boolean {
  return entropy(text) >= Math.min(least, Math.log2(Math.max(2, text.length)) * 0.75);
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Whether the last six characters are the CRC-32 of those before, in base 62: tokens of GitHub and npm behind their prefix. */
export function holdsCrc(body: string): boolean {
  let rest = crc32(Buffer.from(body.slice(0, -6), 'latin1'));
  let digits = '';
  for (let i = 0; i < 6; i += 1) {
    digits = (BASE62[rest % 62] ?? '') + digits;
    rest = Math.floor(rest / 62);
  }
  return body.slice(-6) === digits;
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Whether a text in Bech32 has the checksum of BIP 173. */
export function holdsBech32(text: string): boolean {
  const plain = text.toLowerCase();
  const split = plain.lastIndexOf('1');
  const prefix = [...plain.slice(0, split)].map((character) => character.charCodeAt(0));
  const data = [...plain.slice(split + 1)].map((character) => BECH32.indexOf(character));
  if (split < 1 || data.includes(-1)) return false;
  let sum = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, word] of GENERATOR.entries()) if ((top >> bit) & 1) sum ^= word;
  }
  return sum === 1;
}

/** The bytes of base64 of either alphabet; undefined where it is none. */
export function fromBase64(text: string): Buffer | undefined {
  const plain = text.replace(/=+$/, '');
  if (plain.length % 4 === 1 || /[^A-Za-z0-9+/_-]/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64');
}

/** A JSON object in base64url, as JWTs have two; undefined for anything else. */
export function jsonOf(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = fromBase64(part);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

const PLACEHOLDER =
  /[${}<>%]|^(?:x+|\*+|\.+|-+|_+|0+|1234\w*|null|none|nil|true|false|undefined|string|redacted|removed|hidden|\[.*\]|\(.*\))$|^(?:your|my|some|the|insert|enter|replace)[-_ ]|changeme|placeholder|example/i;

/** Whether a value stands in for a secret: a variable, a row of stars, what a manual says. */
export function isPlaceholder(value: string): boolean {
  return value.length < 4 || PLACEHOLDER.test(value) || new Set(value).size < 3;
}

/** Keys and tokens that manuals print, and what they say of themselves. */
export function exampleDoubt(value: string): string | undefined {
  if (/EXAMPLE/i.test(value) || /(?:abcdefgh|12345678|01234567){2}/i.test(value) || /(.)\1{9}/.test(value))
    return 'an example of a documentation';
  return undefined;
}

/** Readable ASCII. */
export function isText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

/** By which the same secret is known in two checkpoints: 12 digits of its SHA-256. Only of what cannot be guessed. */
export function fingerprintOf(value: string): string {
  return createHash('sha256').update(value, 'latin1').digest('hex').slice(0, 12);
}
