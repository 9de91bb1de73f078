/** Where an archive is most easily hurt: the boundaries of its tar headers, bodies and CRIU frames; and where it is not. */
import { readTarIndex } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { kindOfFile } from '@stillframe/criu-image';

/** Offsets of all boundaries, ascending. */
export async function boundariesOf(archive: Uint8Array): Promise<readonly number[]> {
  const { entries, endOffset } = await readTarIndex(bytesSource(archive));
  const places = new Set<number>([endOffset]);
  for (const { name, headerOffset, offset, size, kind } of entries.values()) {
    for (const place of [headerOffset, headerOffset + 124, offset, offset + size]) places.add(place);
    const image = kind === 'file' ? kindOfFile(name.split('/').at(-1) ?? '') : undefined;
    if (image?.kind.form !== 'framed') continue;
    for (const frame of framesOf(archive.subarray(offset, offset + size))) places.add(offset + frame);
  }
  return [...places].sort((a, b) => a - b);
}

/** Whether an offset lies in pages of memory, of which no view says anything. */
export async function inPages(archive: Uint8Array): Promise<(at: number) => boolean> {
  const { entries } = await readTarIndex(bytesSource(archive));
  const pages = [...entries.values()].filter(({ name }) => /(^|\/)pages-\d+\.img$/.test(name));
  return (at) => pages.some(({ offset, size }) => at >= offset && at < offset + size);
}

/** Offsets of the frames of a sound image, by their lengths; payloads make some of them nonsense, which does no harm. */
function framesOf(image: Uint8Array): number[] {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const frames: number[] = [4, 8];
  for (let at = 8; at + 4 <= image.length && frames.length < 500; ) {
    at += 4 + view.getUint32(at, true);
    frames.push(Math.min(at, image.length));
  }
  return frames;
}
