/** Which compression a file begins with, told by its magic (RFC 1952, RFC 8878, and the bzip2 and xz formats). */

/** What a file may be compressed with. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

/** Compressions that are read; the others are recognised only to say so. */
export type ReadableCompression = Extract<Compression, 'none' | 'gzip' | 'zstd'>;

const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** The compression of a file that begins with `head` (8 bytes suffice); `none` where no magic fits. */
export function sniffCompression(head: Uint8Array): Compression {
  for (const [compression, magic] of MAGICS) {
    if (magic.every((byte, i) => head[i] === byte)) return compression;
  }
  // A seekable zstd file may begin with a skippable frame: 0x184D2A50 to 5F, little-endian.
  const skippable = ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return skippable ? 'zstd' : 'none';
}
