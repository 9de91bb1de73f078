/** The content of a file that was deleted while a process held it (ghost-file images). checkpoint-spec 7.6. */
import type { ByteSource } from '@stillframe/core';
import { bytesSource } from '@stillframe/core';
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';

/** Chunks of one ghost file; more than any file of the largest size that CRIU takes. */
const CHUNKS = 1 << 20;

interface Chunk {
  offset: number;
  content: ByteSource;
}

/** A ghost file as a source; undefined where its image is missing or it is no regular file. Gaps between chunks are zeroes. */
export async function ghostContent(
  images: ImageSet,
  ghostId: number,
  options: SignalOptions = {},
): Promise<ByteSource | undefined> {
  const chunks: Chunk[] = [];
  let size: number | undefined;
  for await (const record of images.records('ghost-file', ghostId, options)) {
    if (record.role === 'head') {
      const whole = record.payload['data'];
      if (whole) return whole;
      if (record.message.chunks) size = Number(record.message.size);
    } else if (record.role === 'entry') {
      const content = record.payload['data'];
      if (content) chunks.push({ offset: Number(record.message.off), content });
      if (chunks.length > CHUNKS) return undefined;
    }
  }
  if (size === undefined || !Number.isSafeInteger(size)) return undefined;
  return size === 0 ? bytesSource(new Uint8Array()) : sparseSource(chunks, size);
}

function sparseSource(chunks: readonly Chunk[], size: number): ByteSource {
  return {
    size,
    async readInto(offset, target, options) {
      const length = Math.min(target.length, Math.max(0, size - offset));
      target.fill(0, 0, length);
      for (const { offset: start, content } of chunks) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + content.size);
        if (from < to) await content.readInto(from - start, target.subarray(from - offset, to - offset), options);
      }
      return length;
    },
  };
}
