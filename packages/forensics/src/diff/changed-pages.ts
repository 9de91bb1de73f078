/** Which pages differ, mapping by mapping: for rows, and for whoever looks at what changed and nothing else. */
import { countUpTo } from '@stillframe/core/sorted';
import type { AddressRange } from '../search/match.ts';
import { protectionOf } from './mapping-rows.ts';
import type { PageChange, PageRuns } from './page-runs.ts';
import type { DiffRow } from './row.ts';

/** A mapping of the later checkpoint of which pages differ. */
export interface ChangedMapping {
  readonly pid: number;
  /** What keys call its process. */
  readonly process: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly prot: number;
  readonly backing: string;
  /** By address, or by offset in the segment that it shows. */
  readonly runs: PageRuns;
  /** From what `runs` count in to addresses after, and from addresses after to those before. */
  readonly shift: bigint;
  readonly delta: bigint;
  readonly beforePid: number | undefined;
  /** Shared memory is told once, with the first process that maps it; of the others this is true. */
  readonly again: boolean;
}

/** Bytes on either side of pages that differ: more than any match has. */
const MARGIN = 4096n;

/** Pages by change. */
export type PageCounts = Readonly<Record<PageChange, number>>;

/** All of them. */
export class ChangedPages {
  readonly mappings: readonly ChangedMapping[];
  readonly #after: ReadonlyMap<number, readonly ChangedMapping[]>;
  readonly #before: ReadonlyMap<number | undefined, readonly ChangedMapping[]>;

  constructor(mappings: readonly ChangedMapping[]) {
    this.mappings = mappings;
    this.#after = Map.groupBy(mappings, ({ pid }) => pid);
    this.#before = Map.groupBy(mappings, ({ beforePid }) => beforePid);
  }

  /** Whether any of these bytes of a process is in a page that differs; addresses are those of that checkpoint. */
  touches(side: 'before' | 'after', pid: number, address: bigint, bytes: number): boolean {
    const isBefore = side === 'before';
    const all = this.#of(side).get(pid) ?? [];
    const at = (mapping: ChangedMapping) => (isBefore ? address + mapping.delta : address);
    const mapping = all[countUpTo(all, (each) => each.end <= at(each))];
    return mapping?.runs.touches(at(mapping) - mapping.shift, bytes) ?? false;
  }

  /** The pages of a process that differ, each with one on either side so that what reaches over its edge is seen, ascending and apart. */
  ranges(side: 'before' | 'after', pid: number): readonly AddressRange[] {
    const ranges: { start: bigint; end: bigint }[] = [];
    for (const { start: from, end: to, runs, shift, delta } of this.#of(side).get(pid) ?? []) {
      const back = side === 'before' ? delta : 0n;
      for (const run of runs) {
        const [start, end] = [run.start + shift, run.start + shift + BigInt(run.bytes)];
        if (end <= from || start >= to) continue;
        const range = {
          start: (start > from ? start : from) - MARGIN - back,
          end: (end < to ? end : to) + MARGIN - back,
        };
        if (range.start < 0n) range.start = 0n;
        const last = ranges.at(-1);
        if (last === undefined || range.start > last.end) ranges.push(range);
        else if (range.end > last.end) last.end = range.end;
      }
    }
    return ranges;
  }

  /** A row a run. */
  *rows(): Generator<DiffRow> {
    for (const { pid, process, start, end, prot, backing, runs, shift, again, delta, beforePid } of this.mappings) {
      if (again) continue;
      for (const run of runs) {
        const address = run.start + shift;
        if (address < start || address >= end) continue;
        const bytes = run.bytes;
        const facts = {
          address: `0x${address.toString(16)}`,
          pages: bytes / 4096,
          backing,
          protection: protectionOf(prot),
        };
        yield {
          ...{ table: 'pages', key: `${process}/0x${address.toString(16)}+${bytes}`, label: backing },
          change: run.change === 'added' ? 'added' : 'changed',
          before: run.change === 'added' ? undefined : { content: run.change === 'written' ? 'nothing' : 'bytes' },
          after: { ...facts, content: run.change === 'dropped' ? 'nothing' : 'bytes' },
          references: {
            ...(beforePid === undefined || run.change === 'added'
              ? {}
              : { before: { kind: 'memory', pid: beforePid, address: address - delta, bytes } as const }),
            after: { kind: 'memory', pid, address, bytes },
          },
        };
      }
    }
  }

  #of(side: 'before' | 'after'): ReadonlyMap<number | undefined, readonly ChangedMapping[]> {
    return side === 'before' ? this.#before : this.#after;
  }

  /** Mappings with a change of each kind, and pages. */
  counts(): { pages: PageCounts; mappings: PageCounts } {
    const none = { changed: 0, written: 0, dropped: 0, added: 0 };
    const [pages, mappings] = [{ ...none }, { ...none }];
    for (const { runs, again } of this.mappings) {
      if (again) continue;
      const met = new Set<PageChange>();
      for (const { change, bytes } of runs) {
        pages[change] += bytes / 4096;
        met.add(change);
      }
      for (const change of met) mappings[change] += 1;
    }
    return { pages, mappings };
  }
}
