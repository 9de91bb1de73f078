/** Sources one after another, as one. */
import { type ByteSource, bytesSource, demandOffset, type FileLocator, type Locator } from './byte-source.ts';
import { countUpTo } from './sorted.ts';

/**
 * The parts in their order as one source, which shares them, no copy. It is located where each part is bytes or lies in a
 * file. A part that ends before its size ends the read there.
 */
export function joinedSource(parts: readonly (Uint8Array | ByteSource)[]): ByteSource {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += sizeOf(part);
  }
  const sources = parts.map((part) => (part instanceof Uint8Array ? bytesSource(part) : part));
  return {
    size,
    locator: locatorOf(parts, size),
    async readInto(offset, target, options) {
      demandOffset(offset);
      const wanted = Math.min(target.length, Math.max(0, size - offset));
      let at = Math.max(0, countUpTo(starts, (start) => start <= offset) - 1);
      for (let done = 0; done < wanted; at += 1) {
        const source = sources[at] ?? bytesSource(new Uint8Array());
        const inside = offset + done - (starts[at] ?? 0);
        const part = target.subarray(done, done + Math.min(source.size - inside, wanted - done));
        const read = part.length === 0 ? 0 : await source.readInto(inside, part, options);
        done += read;
        if (read < part.length) return done;
      }
      return wanted;
    },
  };
}

const sizeOf = (part: Uint8Array | ByteSource): number => (part instanceof Uint8Array ? part.length : part.size);

function locatorOf(parts: readonly (Uint8Array | ByteSource)[], size: number): Locator | undefined {
  const places: (Uint8Array | FileLocator)[] = [];
  for (const part of parts) {
    const place = part instanceof Uint8Array ? part : part.locator;
    if (!place || !(place instanceof Uint8Array || place.kind === 'file')) return undefined;
    places.push(place);
  }
  return { kind: 'joined', parts: places, offset: 0, size };
}
