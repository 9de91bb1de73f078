/** What is read and searched at once: parts of stretches side by side, each with what must be seen around it. */

import type { ByteSource } from '@stillframe/core';
import { AHEAD, SIGHT } from './bounds.ts';
import type { Hits, ScanLimits, Scanner, View } from './scanner.ts';
import { pieceAt, type Stretch } from './stretch.ts';

/** Some bytes that go to `at` of a block. */
export interface Read {
  readonly source: ByteSource;
  /** `pagemap-7`. */
  readonly image: string;
  readonly offset: number;
  bytes: number;
  readonly at: number;
}

/** A read without where from. */
export type PlacedRead = Pick<Read, 'offset' | 'bytes' | 'at'>;

/** How large blocks are, and how much of the surroundings they hold. */
export class BlockShape {
  /** Bytes that belong to a block itself. */
  readonly own: number;
  readonly before: number;
  readonly after: number;

  /** `context`: bytes that are shown around a match. */
  constructor(own: number, context: number) {
    this.own = own;
    this.before = Math.max(SIGHT, context);
    this.after = Math.max(AHEAD, AHEAD - SIGHT + context);
  }

  /** Bytes of a whole block at most. */
  get capacity(): number {
    return this.before + this.own + this.after;
  }
}

/** A block that is being put together, or done. */
export class Block {
  readonly reads: Read[] = [];
  readonly views: View[] = [];
  readonly #shape: BlockShape;
  #own = 0;
  #size = 0;

  constructor(shape: BlockShape) {
    this.#shape = shape;
  }

  /** Takes as much as there is room for of the bytes of `stretch` from `from` to `to`; gives how many that are. */
  take(stretch: Stretch, from: number, to: number): number {
    const { own, before, after, capacity } = this.#shape;
    const length = Math.min(to - from, own - this.#own);
    const begin = Math.max(0, from - before);
    const end = Math.min(stretch.bytes, from + length + after);
    if (length <= 0 || (this.#size > 0 && this.#size + end - begin > capacity)) return 0;
    this.#read(stretch, begin, end);
    const base = this.#size - begin;
    this.views.push({ begin: this.#size, from: base + from, to: base + from + length, end: base + end });
    this.#size += end - begin;
    this.#own += length;
    return length;
  }

  #read(stretch: Stretch, begin: number, end: number): void {
    const { pieces } = stretch;
    for (let i = pieceAt(stretch, begin); i < pieces.length; i += 1) {
      const piece = pieces[i];
      if (piece === undefined || piece.at >= end) return;
      const from = Math.max(begin, piece.at);
      const bytes = Math.min(end, piece.at + piece.bytes) - from;
      const [offset, at] = [piece.offset + from - piece.at, this.#size + from - begin];
      const last = this.reads.at(-1);
      const follows =
        last?.source === piece.source && last.offset + last.bytes === offset && last.at + last.bytes === at;
      if (last !== undefined && follows) last.bytes += bytes;
      else this.reads.push({ source: piece.source, image: piece.image, offset, bytes, at });
    }
  }
}

/** What was found in a block. */
export interface BlockResult {
  /** Of each pattern, ascending. */
  readonly hits: readonly Hits[];
  /** Of all hits of the first pattern, then of the second, and so on: the bytes from `context` before to `context` behind. */
  readonly contexts: Uint8Array;
  /** The views as they were: shorter than asked for where bytes turned out missing. */
  readonly views: readonly View[];
  /** The first byte that could not be read, by number of the read. */
  readonly missing: { readonly read: number; readonly offset: number } | undefined;
}

/** Searches what was read into `scanner`: `lengths` says how much of each read there was. */
export function scanBlock(
  scanner: Scanner,
  { reads, views: asked }: { readonly reads: readonly PlacedRead[]; readonly views: readonly View[] },
  lengths: readonly number[],
  { context, ...limits }: ScanLimits & { readonly context: number | undefined },
): BlockResult {
  const short = reads.findIndex(({ bytes }, i) => (lengths[i] ?? 0) < bytes);
  const views = short < 0 ? asked : clipped(asked, reads, lengths);
  const hits = scanner.scan(views, limits);
  const contexts = context === undefined ? new Uint8Array(0) : contextsOf(scanner.bytes, views, hits, context);
  const missing = short < 0 ? undefined : { read: short, offset: (reads[short]?.offset ?? 0) + (lengths[short] ?? 0) };
  return { hits, contexts, views, missing };
}

/** A view ends at the first byte that is missing; nothing is matched against what is left of another block. */
function clipped(views: readonly View[], reads: readonly PlacedRead[], lengths: readonly number[]): readonly View[] {
  return views.map((view) => {
    let end = view.end;
    for (const [i, { at, bytes }] of reads.entries()) {
      const from = at + (lengths[i] ?? 0);
      if (from < at + bytes && from < end && at + bytes > view.begin) end = Math.max(view.begin, from);
    }
    const to = Math.min(view.to, Math.max(view.from, end));
    return { begin: view.begin, from: view.from, to, end };
  });
}

/** The bytes that are shown of a hit: never more than its view has. */
export function contextRange(
  { begin, end }: View,
  at: number,
  length: number,
  context: number,
): [from: number, to: number] {
  return [Math.max(begin, at - context), Math.min(end, at + length + context)];
}

/** Calls `visit` with each hit and the view that it begins in. */
export function forEachHit(
  hits: Hits,
  views: readonly View[],
  visit: (at: number, length: number, view: View) => void,
) {
  let current = 0;
  for (let i = 0; i < hits.length; i += 2) {
    const at = hits[i] ?? 0;
    while (current + 1 < views.length && (views[current]?.to ?? 0) <= at) current += 1;
    const view = views[current];
    if (view !== undefined) visit(at, hits[i + 1] ?? 0, view);
  }
}

function contextsOf(bytes: Buffer, views: readonly View[], all: readonly Hits[], context: number): Uint8Array {
  let size = 0;
  for (const hits of all) {
    forEachHit(hits, views, (at, length, view) => {
      const [from, to] = contextRange(view, at, length, context);
      size += to - from;
    });
  }
  const contexts = new Uint8Array(size);
  let done = 0;
  for (const hits of all) {
    forEachHit(hits, views, (at, length, view) => {
      const [from, to] = contextRange(view, at, length, context);
      contexts.set(bytes.subarray(from, to), done);
      done += to - from;
    });
  }
  return contexts;
}
