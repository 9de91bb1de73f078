/** Finding bytes in pages images: read once, front to back, in big chunks; a hit counts only where memory is contiguous too. */
import type { ByteSource } from '@stillframe/core';
import type { Run } from '@stillframe/criu-image';

/** Captured memory and the pages image that holds it. */
export interface ScanRun extends Run {
  readonly pages: { readonly source: ByteSource | undefined };
}

/** A place where the needle stands: address (or offset in a segment), and offset in the pages image. */
export interface PageHit {
  vaddr: bigint;
  pagesOffset: number;
  /** What holds the first byte. */
  source: ByteSource;
}

/** Options of scanPages. */
export interface ScanOptions {
  signal?: AbortSignal | undefined;
  /** Bytes read at once, 4 MiB by default; never less than the needle. */
  chunkSize?: number | undefined;
}

/**
 * Yields all hits, overlapping ones too, by ascending address. `runs` ascend in address, and in offset within one pages
 * image. Bytes that follow each other in the image only are no hit; bytes that follow each other in memory only (in two
 * dumps of a chain, or a damaged pagemap) are.
 */
export async function* scanPages(
  runs: readonly ScanRun[],
  needle: Uint8Array,
  options: ScanOptions = {},
): AsyncGenerator<PageHit, void, undefined> {
  let previous: ScanRun | undefined;
  for (const stretch of stretchesOf(runs)) {
    const [first] = stretch;
    if (previous && first && previous.vaddr + BigInt(previous.bytes) === first.vaddr) {
      yield* scanSeam(previous, first, needle, options);
    }
    yield* scanStretch(stretch, needle, options);
    previous = stretch.at(-1);
  }
}

/** Runs that lie in the image without a gap are read together; most dumps are one stretch. */
function* stretchesOf(runs: Iterable<ScanRun>): Generator<readonly ScanRun[]> {
  let stretch: ScanRun[] = [];
  let end = 0;
  for (const run of runs) {
    if (stretch.length > 0 && (run.offset !== end || run.pages !== stretch[0]?.pages)) {
      yield stretch;
      stretch = [];
    }
    stretch.push(run);
    end = run.offset + run.bytes;
  }
  if (stretch.length > 0) yield stretch;
}

async function* scanStretch(
  stretch: readonly ScanRun[],
  needle: Uint8Array,
  options: ScanOptions,
): AsyncGenerator<PageHit, void, undefined> {
  const first = stretch[0];
  const last = stretch.at(-1);
  const source = first?.pages.source;
  if (!first || !last || !source) return;
  const end = Math.min(last.offset + last.bytes, source.size);
  const overlap = needle.length - 1;
  const buffer = Buffer.allocUnsafe(
    Math.min(end - first.offset, Math.max(options.chunkSize ?? 4 << 20, needle.length) + overlap),
  );
  let at = 0;
  for (let start = first.offset; end - start >= needle.length; start += buffer.length - overlap) {
    options.signal?.throwIfAborted();
    const wanted = buffer.subarray(0, Math.min(buffer.length, end - start));
    const chunk = wanted.subarray(0, await source.readInto(start, wanted, options));
    for (let hit = chunk.indexOf(needle); hit >= 0; hit = chunk.indexOf(needle, hit + 1)) {
      const offset = start + hit;
      // Hits ascend, so the run of a hit is that of the one before or a later one.
      while (at + 1 < stretch.length && (stretch[at + 1]?.offset ?? 0) <= offset) at += 1;
      const hitRun = stretch[at];
      if (hitRun && contiguousFor(stretch, at, offset + needle.length)) {
        yield { vaddr: hitRun.vaddr + BigInt(offset - hitRun.offset), pagesOffset: offset, source };
      }
    }
    if (chunk.length < buffer.length) break;
  }
}

/** Whether memory goes on without a gap from run `at` up to image offset `end`. */
function contiguousFor(stretch: readonly ScanRun[], at: number, end: number): boolean {
  for (let i = at; ; i += 1) {
    const run = stretch[i];
    if (!run) return false;
    if (run.offset + run.bytes >= end) return true;
    if (stretch[i + 1]?.vaddr !== run.vaddr + BigInt(run.bytes)) return false;
  }
}

/** Hits that begin in `before` and end in `after`, which lie apart in the image. Longer spans than these two are not looked at. */
async function* scanSeam(
  before: ScanRun,
  after: ScanRun,
  needle: Uint8Array,
  options: ScanOptions,
): AsyncGenerator<PageHit, void, undefined> {
  const head = Math.min(needle.length - 1, before.bytes);
  const tail = Math.min(needle.length - 1, after.bytes);
  const source = before.pages.source;
  const other = after.pages.source;
  if (head === 0 || tail === 0 || !source || !other) return;
  const bytes = Buffer.alloc(head + tail);
  const start = before.offset + before.bytes - head;
  const read = await source.readInto(start, bytes.subarray(0, head), options);
  if (read < head) return;
  const rest = await other.readInto(after.offset, bytes.subarray(head), options);
  const seam = bytes.subarray(0, head + rest);
  for (let hit = seam.indexOf(needle); hit >= 0; hit = seam.indexOf(needle, hit + 1)) {
    yield { vaddr: before.vaddr + BigInt(before.bytes - head + hit), pagesOffset: start + hit, source };
  }
}
