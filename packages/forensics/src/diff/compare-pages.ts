/** Memory of both checkpoints, page by page: what differs of each process that is in both. */
import type { Checkpoint } from '@stillframe/checkpoint';
import {
  type AddressSpace,
  fileNameOf,
  openAddressSpace,
  type PageChain,
  Segments,
  type SignalOptions,
} from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { MappingRow } from '../analysers/mappings.ts';
import { type ChangedMapping, ChangedPages } from './changed-pages.ts';
import { ByteComparison, type Place, type Placer, type Sink } from './compare-bytes.ts';
import { siblingMappings } from './mapping-rows.ts';
import { type ComparedMapping, outsideMappings } from './outside-mappings.ts';
import { PageRuns } from './page-runs.ts';
import type { Comparison } from './process-rows.ts';

/** What of memory was compared. Bytes. */
export interface PageTotals {
  /** Found to be the same. `inherited`: of these known to be without reading, being one and the same in the chain of dumps. */
  readonly same: number;
  readonly inherited: number;
  readonly unknown: number;
}

/** Pages that differ, and what was looked at. */
export interface ComparedPages {
  readonly changed: ChangedPages;
  readonly totals: PageTotals;
}

interface Sides {
  readonly before: Checkpoint;
  readonly after: Checkpoint;
}

/**
 * Of one container at two times whatever is mapped after is compared with what was at that address before. Of siblings code
 * alone is compared, at the same place of the same file: their data has addresses and clocks of their own.
 * Memory is read once on each side and a bounded part is held.
 */
export async function comparePages(
  checkpoints: Sides,
  comparison: Comparison,
  options: SignalOptions = {},
): Promise<ComparedPages> {
  const run = new PageComparison(checkpoints, comparison, options);
  const [old, now] = [comparison.before, comparison.after].map(({ mappings }) =>
    Map.groupBy(mappings, ({ pid }) => pid),
  );
  for (const [{ pid: from }, { pid: to }] of comparison.processes.pairs)
    await run.process([from, old?.get(from) ?? []], [to, now?.get(to) ?? []]);
  for (const { pid } of comparison.processes.started) await run.started(pid, now?.get(pid) ?? []);
  if (comparison.sibling)
    comparison.skip({
      table: 'pages',
      key: '*',
      reason: 'data of siblings, which differs by nature: only code is compared',
    });
  return { changed: new ChangedPages(run.changed), totals: run.totals };
}

interface Side {
  readonly pid: number;
  readonly space: AddressSpace;
}

class PageComparison {
  readonly changed: ChangedMapping[] = [];
  readonly totals = { same: 0, inherited: 0, unknown: 0 };
  readonly #checkpoints: Sides;
  readonly #comparison: Comparison;
  readonly #options: SignalOptions;
  /** By page size: pages of two sizes occur in forged images only. */
  readonly #bytes = new Map<number, ByteComparison>();
  readonly #most: number;
  /** What was found in a segment, by its id before and the one after that it was compared with. */
  readonly #segments = new Map<bigint, { id: bigint; runs: PageRuns }>();
  /** Of segments: those that are told with a process. */
  readonly #told = new Set<PageRuns>();

  constructor(checkpoints: Sides, comparison: Comparison, options: SignalOptions) {
    this.#checkpoints = checkpoints;
    this.#comparison = comparison;
    this.#options = options;
    this.#most = 4 * (storedBytes(checkpoints.before) + storedBytes(checkpoints.after)) + (64 << 20);
  }

  async process(
    [from, old]: readonly [number, readonly MappingRow[]],
    [to, now]: readonly [number, readonly MappingRow[]],
  ): Promise<void> {
    const { before, after } = this.#checkpoints;
    const spaces = [
      await openAddressSpace(before.images, from, this.#options),
      await openAddressSpace(after.images, to, this.#options),
    ] as const;
    const [was, is] = spaces;
    if (!was || !is) return;
    const process = this.#name(to);
    if (was.pageSize !== is.pageSize) {
      this.#comparison.skip({ table: 'pages', key: process, reason: 'pages of two sizes' });
      return;
    }
    const sides = [
      { pid: from, space: was },
      { pid: to, space: is },
    ] as const;
    const unknown = new Map<string, number>();
    let steps = stepsOf(was) + stepsOf(is);
    const pairs: readonly (readonly [ComparedMapping, ComparedMapping])[] = this.#comparison.sibling
      ? siblingMappings(old, now).filter(([, { prot }]) => (prot & EXECUTE) !== 0)
      : [...now, ...outsideMappings(is)].map((mapping) => [mapping, mapping] as const);
    for (const [there, here] of pairs) {
      const delta = here.start - there.start;
      steps = (await this.#segment(sides, here, delta))
        ? steps
        : await this.#mapping(sides, here, delta, steps, unknown);
    }
    for (const [reason, bytes] of unknown) {
      this.totals.unknown += bytes;
      this.#comparison.skip({ table: 'pages', key: process, reason, bytes });
    }
  }

  /** Everything that a new process has written counts as added; shared memory that others map, too, is told with them. */
  async started(pid: number, mappings: readonly MappingRow[]): Promise<void> {
    const space = await openAddressSpace(this.#checkpoints.after.images, pid, this.#options);
    if (!space) return;
    let steps = stepsOf(space);
    for (const mapping of mappings) {
      const runs = new PageRuns();
      for (let at = mapping.start; at < mapping.end && steps > 0; steps -= 1) {
        this.#options.signal?.throwIfAborted();
        const { bytes, found } = await space.place(at);
        const part = Math.min(bytes, Number(mapping.end - at));
        if (found.state === 'captured') runs.add(at, part, 'added');
        at += BigInt(part);
      }
      // Told by the row of the process: no rows of its own.
      if (runs.length > 0) this.changed.push({ ...this.#of(mapping, 0n, undefined), runs, shift: 0n, again: true });
    }
  }

  async #mapping(
    [old, now]: readonly [Side, Side],
    mapping: ComparedMapping,
    delta: bigint,
    steps: number,
    unknown: Map<string, number>,
  ): Promise<number> {
    const { start, end } = mapping;
    const runs = new PageRuns();
    const left = await this.#comparisonFor(now.space).stretch(
      [placer(old.space), placer(now.space)],
      [start - delta, start],
      end - start,
      this.#sink((offset, bytes, change) => runs.add(start + offset, bytes, change), unknown),
      steps,
    );
    if (runs.length > 0) this.changed.push({ ...this.#of(mapping, delta, old.pid), runs, shift: 0n, again: false });
    return left;
  }

  /** Whether the mapping shows a segment, at the same place as before: that is compared once, whoever maps it. */
  async #segment([old, now]: readonly [Side, Side], mapping: ComparedMapping, delta: bigint): Promise<boolean> {
    const vma = now.space.vmaAt(mapping.start);
    const was = old.space.vmaAt(mapping.start - delta);
    if (!vma || !was || !Segments.shows(vma) || !Segments.shows(was)) return false;
    const shift = vma.start - vma.pgoff;
    if (shift - delta !== was.start - was.pgoff || was.start + delta > vma.start || was.end + delta < vma.end)
      return false;
    const runs = await this.#segmentRuns([old, now], was, vma);
    if (!runs) return false;
    if (runs.length === 0) return true;
    const again = this.#told.has(runs);
    this.#told.add(runs);
    this.changed.push({ ...this.#of(mapping, delta, old.pid), runs, shift, again });
    return true;
  }

  async #segmentRuns([old, now]: readonly [Side, Side], was: vma_entry, is: vma_entry): Promise<PageRuns | undefined> {
    const [from, to] = [await old.space.segments.idOf(was), await now.space.segments.idOf(is)];
    if (from === undefined || to === undefined) return undefined;
    const known = this.#segments.get(from);
    if (known) return known.id === to ? known.runs : undefined;
    const chains = [await old.space.segments.of(was), await now.space.segments.of(is)] as const;
    if (!chains[0] || !chains[1]) return undefined;
    const runs = new PageRuns();
    this.#segments.set(from, { id: to, runs });
    const unknown = new Map<string, number>();
    await this.#comparisonFor(now.space).stretch(
      [segmentPlacer(chains[0]), segmentPlacer(chains[1])],
      [0n, 0n],
      farthest([endOf(chains[0]), endOf(chains[1])]),
      this.#sink((offset, bytes, change) => runs.add(offset, bytes, change), unknown),
      entriesOf(chains[0]) + entriesOf(chains[1]),
    );
    for (const [reason, bytes] of unknown) {
      this.totals.unknown += bytes;
      this.#comparison.skip({ table: 'pages', key: fileNameOf('pagemap-shmem', Number(to)), reason, bytes });
    }
    return runs;
  }

  #sink(differ: Sink['differ'], unknown: Map<string, number>): Sink {
    return {
      differ,
      same: (bytes, inherited) => {
        this.totals.same += bytes;
        if (inherited) this.totals.inherited += bytes;
      },
      unknown: (bytes, reason) => void unknown.set(reason, (unknown.get(reason) ?? 0) + bytes),
    };
  }

  #of({ pid, start, end, prot, backing }: ComparedMapping, delta: bigint, beforePid: number | undefined) {
    return { pid, process: this.#name(pid), start, end, prot, backing, delta, beforePid };
  }

  #name(pid: number): string {
    return this.#comparison.processes.after.get(pid) ?? String(pid);
  }

  #comparisonFor({ pageSize }: AddressSpace): ByteComparison {
    const known = this.#bytes.get(pageSize);
    if (known) return known;
    const made = new ByteComparison({ ...this.#options, pageSize, most: this.#most });
    this.#bytes.set(pageSize, made);
    return made;
  }
}

const EXECUTE = 4;

function placer(space: AddressSpace): Placer {
  return (address) => space.place(address);
}

/** In a segment what the pagemap does not speak of was never written. */
function segmentPlacer(chain: PageChain): Placer {
  return (address): Place => {
    const { state, offset, bytes, pages } = chain.locate(address);
    if (state === 'captured') return { bytes, found: { state, pages, offset, own: pages === chain.own } };
    if (state === 'gap' && chain.own.complete) return { bytes, found: { state: 'zero' } };
    return { bytes, found: { state: 'absent', reason: state === 'gap' ? 'damaged' : state } };
  };
}

/** Numbers of this kind have no Math.max. */
function farthest(ends: readonly bigint[]): bigint {
  let last = 0n;
  for (const end of ends) if (end > last) last = end;
  return last;
}

/** Where the last entry of a segment ends. */
function endOf({ own: { pagemap, pageSize } }: PageChain): bigint {
  const last = pagemap.length - 1;
  return last < 0 ? 0n : BigInt(pagemap.units[last] ?? 0) * 4096n + BigInt((pagemap.pages[last] ?? 0) * pageSize);
}

/** Parts into which two honest images can divide memory, and some. */
function entriesOf(chain: PageChain): number {
  return 1000 + 4 * chain.levels.reduce((sum, { pagemap }) => sum + pagemap.length, 0);
}

function stepsOf({ chain, vmas }: AddressSpace): number {
  return entriesOf(chain) + 8 * vmas.length + 100_000;
}

function storedBytes({ images }: Checkpoint): number {
  let sum = 0;
  for (let set: typeof images | undefined = images; set; set = set.parent)
    for (const id of set.ids('pages')) sum += set.source('pages', id)?.size ?? 0;
  return sum;
}
