/** Captured memory as runs: ascending, cut to ranges, laid together to stretches. */
import type { ByteSource } from '@stillframe/core';
import { countUpTo } from '@stillframe/core/sorted';
import type { PageChain } from '@stillframe/criu-image';
import type { AddressRange } from './match.ts';
import { earlier, later } from './memory-filter.ts';
import type { Part, Piece, Stretch } from './stretch.ts';

/** Captured bytes that lie together in one pages image. */
export interface PlacedBytes {
  readonly vaddr: bigint;
  readonly bytes: number;
  readonly offset: number;
  readonly source: ByteSource;
  readonly image: string;
  /** Where the segment is searched once for all who map it: which one, and where in it. */
  readonly shared?: { readonly id: bigint; readonly at: bigint } | undefined;
}

/** The captured runs of a process or a segment. */
export function* runsOf(chain: PageChain, image: string): Generator<PlacedBytes> {
  for (const { vaddr, bytes, offset, pages } of chain.runs()) {
    const { source } = pages;
    const there = Math.min(bytes, (source?.size ?? 0) - offset);
    if (source !== undefined && there > 0) yield { vaddr, bytes: there, offset, source, image };
  }
}

/** `runs` as far as they lie in `ranges`; both ascend. */
export function* within(runs: Iterable<PlacedBytes>, ranges: readonly AddressRange[]): Generator<PlacedBytes> {
  let at = 0;
  for (const run of runs) {
    const end = run.vaddr + BigInt(run.bytes);
    while (at < ranges.length && (ranges[at]?.end ?? 0n) <= run.vaddr) at += 1;
    for (let i = at; i < ranges.length; i += 1) {
      const range = ranges[i];
      if (range === undefined || range.start >= end) break;
      yield cut(run, later(range.start, run.vaddr), earlier(range.end, end));
    }
  }
}

/** As within, of one range and a list that is searched for where it begins. */
export function* slice(runs: readonly PlacedBytes[], range: AddressRange): Generator<PlacedBytes> {
  const first = countUpTo(runs, ({ vaddr, bytes }) => vaddr + BigInt(bytes) <= range.start);
  for (let i = first; i < runs.length; i += 1) {
    const run = runs[i];
    if (run === undefined || run.vaddr >= range.end) return;
    yield* within([run], [range]);
  }
}

function cut(run: PlacedBytes, start: bigint, end: bigint): PlacedBytes {
  const skipped = start - run.vaddr;
  return {
    ...run,
    vaddr: start,
    bytes: Number(end - start),
    offset: run.offset + Number(skipped),
    shared: run.shared && { ...run.shared, at: run.shared.at + skipped },
  };
}

/** All runs of both, ascending. Of what two speak of, as only a forger writes it, the one that begins first has it. */
export function* together(some: Iterable<PlacedBytes>, others: Iterable<PlacedBytes>): Generator<PlacedBytes> {
  const [left, right] = [some[Symbol.iterator](), others[Symbol.iterator]()];
  let [a, b] = [left.next(), right.next()];
  let done = -1n;
  while (!a.done || !b.done) {
    let run: PlacedBytes;
    if (!a.done && (b.done || a.value.vaddr <= b.value.vaddr)) {
      run = a.value;
      a = left.next();
    } else if (!b.done) {
      run = b.value;
      b = right.next();
    } else return;
    const end = run.vaddr + BigInt(run.bytes);
    if (end <= done) continue;
    yield run.vaddr < done ? cut(run, done, end) : run;
    done = end;
  }
}

/** Where a place of a segment is, among the stretches that are searched of it. */
export type TwinFinder = (id: bigint, at: bigint) => { readonly stretch: Stretch; readonly at: number } | undefined;

/** Bytes of one stretch at most, so that offsets in it stay exact. */
const LONGEST = 2 ** 50;

/** Runs that follow each other without a gap as one stretch. */
export function* stretchesOf(runs: Iterable<PlacedBytes>, twinOf: TwinFinder = () => undefined): Generator<Stretch> {
  let growing: Growing | undefined;
  for (const run of runs) {
    if (growing === undefined || growing.end !== run.vaddr || growing.bytes >= LONGEST) {
      if (growing !== undefined) yield growing;
      growing = new Growing(run.vaddr);
    }
    growing.add(run, run.shared && twinOf(run.shared.id, run.shared.at));
  }
  if (growing !== undefined) yield growing;
}

class Growing implements Stretch {
  readonly start: bigint;
  readonly pieces: Piece[] = [];
  readonly parts: Part[] = [];
  bytes = 0;

  constructor(start: bigint) {
    this.start = start;
  }

  get end(): bigint {
    return this.start + BigInt(this.bytes);
  }

  add({ bytes, offset, source, image }: PlacedBytes, twin: Part['twin']): void {
    const at = this.bytes;
    this.bytes += bytes;
    this.pieces.push({ at, bytes, source, offset, image });
    const last = this.parts.at(-1);
    const isSame =
      last !== undefined &&
      last.twin?.stretch === twin?.stretch &&
      (last.twin?.at ?? 0) - (twin?.at ?? 0) === (twin ? last.from - at : 0);
    if (last !== undefined && isSame) this.parts[this.parts.length - 1] = { ...last, to: this.bytes };
    else this.parts.push({ from: at, to: this.bytes, twin });
  }
}
