/** Writes seekable zstd files for tests, sound ones and others. */
import { zstdCompressSync } from 'node:zlib';

/** What a test may get wrong on purpose. */
export interface SeekableFaults {
  /** Changes the sizes that the table says of each frame. */
  sizes?: (frame: number, packed: number, plain: number) => readonly [packed: number, plain: number];
  count?: number;
  descriptor?: number;
  checksums?: boolean;
}

/** `plain` in frames of `frameSize` bytes, with their table. */
export function seekableZstd(plain: Uint8Array, frameSize: number, faults: SeekableFaults = {}): Uint8Array {
  const frames: { packed: Uint8Array; plain: number }[] = [];
  for (let at = 0; at < plain.length; at += frameSize) {
    const part = plain.subarray(at, at + frameSize);
    frames.push({ packed: zstdCompressSync(part), plain: part.length });
  }
  const sizes = frames.map(
    ({ packed, plain: size }, index) => faults.sizes?.(index, packed.length, size) ?? ([packed.length, size] as const),
  );
  return Buffer.concat([...frames.map(({ packed }) => packed), seekTableOf(sizes, faults)]);
}

/** The table alone, for frames of these sizes. */
export function seekTableOf(
  frames: readonly (readonly [packed: number, plain: number])[],
  faults: Pick<SeekableFaults, 'count' | 'descriptor' | 'checksums'> = {},
): Buffer {
  const width = faults.checksums ? 12 : 8;
  const table = Buffer.alloc(8 + frames.length * width + 9);
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  for (const [index, [packed, size]] of frames.entries()) {
    table.writeUInt32LE(packed, 8 + index * width);
    table.writeUInt32LE(size, 12 + index * width);
  }
  table.writeUInt32LE(faults.count ?? frames.length, table.length - 9);
  table.writeUInt8(faults.descriptor ?? (faults.checksums ? 0x80 : 0), table.length - 5);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return table;
}
