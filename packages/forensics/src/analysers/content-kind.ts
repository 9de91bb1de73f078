/** What a file is by its first bytes. */

/** `script` begins with `#!`; `binary` is what is none of the others; of `unknown` the evidence has no bytes. */
export type ContentKind = 'elf' | 'script' | 'archive' | 'text' | 'binary' | 'empty' | 'unknown';

/** Bytes that are enough to tell. */
export const HEAD = 512;

const ARCHIVES: readonly (readonly [offset: number, magic: string])[] = [
  ...([
    [0, '1f8b'],
    [0, '504b0304'],
    [0, 'fd377a585a00'],
    [0, '425a68'],
    [0, '28b52ffd'],
  ] as const),
  ...([
    [0, '377abcaf271c'],
    [0, '213c617263683e0a'],
    [0, '526172211a07'],
    [257, '7573746172'],
  ] as const),
];

/** Judges by magic numbers, then by whether control characters are in it. */
export function contentKind(head: Uint8Array): ContentKind {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD));
  if (bytes.length === 0) return 'empty';
  if (bytes.subarray(0, 4).toString('latin1') === '\x7fELF') return 'elf';
  if (bytes[0] === 0x23 && bytes[1] === 0x21) return 'script';
  const isArchive = ARCHIVES.some(
    ([offset, magic]) => bytes.subarray(offset, offset + magic.length / 2).toString('hex') === magic,
  );
  if (isArchive) return 'archive';
  return bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27) || byte === 127) ? 'binary' : 'text';
}
