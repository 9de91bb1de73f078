/** Texts in memory: runs of printable characters, as strings(1) finds them, in three encodings. */
import type { AddressSpace } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import { memoryPieces, type PieceOptions } from './memory-pieces.ts';
import { type Encoding, scanners } from './text-scan.ts';

/** One text. Raw and possibly secret: make it harmless where it is shown. */
export interface MemoryText {
  readonly vaddr: bigint;
  /** Bytes that it takes in memory. */
  readonly bytes: number;
  readonly encoding: Encoding;
  readonly text: string;
  /** Whether it goes on: texts longer than LONGEST_TEXT come in parts. */
  readonly goesOn: boolean;
  readonly vma: vma_entry | undefined;
}

/** Options of readStrings. */
export interface StringOptions extends PieceOptions {
  /** Characters that a text has at least, 4 by default. */
  minimum?: number | undefined;
  /** Which are looked for; UTF-8 and UTF-16 by default. UTF-8 finds what ASCII finds, and more. */
  encodings?: readonly Encoding[] | undefined;
}

/** Bytes of one text at most. */
export const LONGEST_TEXT = 64 << 10;

const NOTHING = Buffer.alloc(0);

/**
 * Yields the texts of one process, VMA by VMA; within a VMA by ascending address for each encoding and piece of memory. A
 * text never reaches over the end of a VMA or of captured memory. Memory is read once and bounded, however much there is.
 */
export async function* readStrings(
  space: AddressSpace,
  options: StringOptions = {},
): AsyncGenerator<MemoryText, void, undefined> {
  const minimum = options.minimum ?? 4;
  const encodings = options.encodings ?? ['utf8', 'utf16le'];
  const searches = encodings.flatMap((encoding) =>
    scanners[encoding].map((scan) => ({
      encoding,
      scan,
      kept: NOTHING,
      start: 0n,
      vma: undefined as vma_entry | undefined,
    })),
  );
  const look = function* (search: (typeof searches)[number], fresh: Uint8Array, last: boolean): Generator<MemoryText> {
    const { encoding, scan, vma, start } = search;
    const bytes =
      search.kept.length === 0
        ? Buffer.from(fresh.buffer, fresh.byteOffset, fresh.length)
        : Buffer.concat([search.kept, fresh]);
    const { runs, rest } = scan(bytes, { last, minimum, longest: LONGEST_TEXT });
    for (const { from, to, text, goesOn } of runs) {
      yield { vaddr: start + BigInt(from), bytes: to - from, encoding, text, goesOn, vma };
    }
    search.start = start + BigInt(rest);
    search.kept = Buffer.from(bytes.subarray(rest));
  };
  for await (const { vma, vaddr, bytes, continues } of memoryPieces(space, options)) {
    for (const search of searches) {
      if (!continues) {
        yield* look(search, NOTHING, true);
        Object.assign(search, { kept: NOTHING, start: vaddr, vma });
      }
      yield* look(search, bytes, false);
    }
  }
  for (const search of searches) yield* look(search, NOTHING, true);
}
