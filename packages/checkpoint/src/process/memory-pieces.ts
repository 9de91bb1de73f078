/** The captured memory of one process, VMA by VMA in ascending order, in pieces that fit into memory. */
import type { AddressSpace, MappedFiles, MemoryRange, SignalOptions } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';

/** Some bytes of a VMA that are there. */
export interface MemoryPiece {
  /** Undefined where the mm image is missing, so that no VMAs are known. */
  readonly vma: vma_entry | undefined;
  readonly vaddr: bigint;
  /** Valid until the next piece is asked for. */
  readonly bytes: Buffer;
  /** Whether it goes on where the piece before ended, in the same VMA. */
  readonly continues: boolean;
}

/** Options of memoryPieces. */
export interface PieceOptions extends SignalOptions {
  /** Bytes of a piece at most, 1 MiB by default. */
  pieceSize?: number | undefined;
  /** Only of these VMAs. */
  only?: ((vma: vma_entry) => boolean) | undefined;
  /** Takes pages of mapped files from there, too. */
  files?: MappedFiles | undefined;
}

/** Yields what is captured, and with `files` what can be filled. Pages that were never written are left out. */
export async function* memoryPieces(
  space: AddressSpace,
  options: PieceOptions = {},
): AsyncGenerator<MemoryPiece, void, undefined> {
  const buffer = Buffer.allocUnsafe(options.pieceSize ?? 1 << 20);
  for await (const { vma, start, end } of stretches(space, options)) {
    let expected = -1n;
    for (let at = start; at < end; ) {
      const wanted = buffer.subarray(0, Number(end - at < BigInt(buffer.length) ? end - at : BigInt(buffer.length)));
      const ranges = await space.read(at, wanted, options);
      for (const range of ranges.filter(isThere)) {
        const from = Number(range.vaddr - at);
        const bytes = wanted.subarray(from, from + range.bytes);
        yield { vma, vaddr: range.vaddr, bytes, continues: range.vaddr === expected };
        expected = range.vaddr + BigInt(range.bytes);
      }
      at += BigInt(wanted.length);
    }
  }
}

interface Stretch {
  vma: vma_entry | undefined;
  start: bigint;
  end: bigint;
}

/** The parts of VMAs in which there is something to read; gigabytes of untouched memory are not walked. */
async function* stretches(space: AddressSpace, { only, files }: PieceOptions): AsyncGenerator<Stretch> {
  if (space.mm === undefined) {
    for (const { vaddr, bytes } of space.capturedRuns()) {
      yield { vma: undefined, start: vaddr, end: vaddr + BigInt(bytes) };
    }
    return;
  }
  for (const vma of space.vmas) {
    if (only && !only(vma)) continue;
    let stretch: Stretch | undefined;
    for await (const range of space.survey(vma.start, vma.end)) {
      const wanted = isThere(range) || (files !== undefined && range.state === 'absent' && range.reason === 'file');
      if (!wanted) continue;
      const end = range.vaddr + BigInt(range.bytes);
      if (stretch?.end === range.vaddr) stretch.end = end;
      else {
        if (stretch) yield stretch;
        stretch = { vma, start: range.vaddr, end };
      }
    }
    if (stretch) yield stretch;
  }
}

function isThere({ state }: MemoryRange): boolean {
  return state === 'captured' || state === 'filled';
}
