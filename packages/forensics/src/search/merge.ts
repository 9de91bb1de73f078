/** From what was found in blocks to matches in order: by stretch, then address, then pattern. */
import { Block, type BlockResult, type BlockShape, contextRange, forEachHit } from './block.ts';
import type { Step } from './search-steps.ts';
import { commonRange, type Entry, type FoundApart, settle } from './settle.ts';
import type { Part, Stretch } from './stretch.ts';

/** Matches of a segment that are kept for all who map it; where there are more, each searches it again. */
const KEPT = 2_000_000;
/** Bytes that are searched again at once. */
const AGAIN = 64 << 10;

/** A match, and the number of its pattern. */
export interface Found extends Entry {
  readonly pattern: number;
}

/** The matches of each pattern. */
type Lists = readonly (readonly Entry[])[];

/** What a merge needs to know of the search. */
export interface MergeParts {
  /** How many there are. */
  readonly patterns: number;
  /** Bytes around a match; undefined where not even the match is given. */
  readonly context: number | undefined;
  readonly shape: BlockShape;
  /** Searches a block in this thread. */
  search(block: Block): Promise<BlockResult>;
}

/** Takes steps in order, gives the matches of each. */
export class Merge {
  readonly #of: MergeParts;
  readonly #none: Lists;
  readonly #stride: number;
  #last: { stretch: Stretch; from: number; to: number; found: Promise<Lists> } | undefined;
  /** The lists of the views of the block that is due. */
  #block: { block: Block; views: ReadonlyMap<number, Lists> } | undefined;
  /** Of the process, and of the segment that is searched for several: where the last match of each pattern ended. */
  readonly #ends: Record<'process' | 'segment', { stretch: Stretch | undefined; done: number[] }> = {
    process: { stretch: undefined, done: [] },
    segment: { stretch: undefined, done: [] },
  };
  readonly #kept = new Map<Stretch, { lists: Entry[][]; count: number }>();

  constructor(of: MergeParts) {
    this.#of = of;
    this.#none = Array.from({ length: of.patterns }, () => []);
    this.#stride = Math.min(AGAIN, of.shape.own);
  }

  /** The matches that begin in the part of a step, ascending; in one list or several. `result` is that of its block. */
  async *take(step: Step, result: BlockResult | undefined): AsyncGenerator<readonly Found[], void, undefined> {
    const { owner, stretch, part, place } = step;
    if (place !== undefined && result !== undefined) {
      const lists = this.#listsOf(place.block, place.view, result, part);
      // Where none is found from the begin of a part on, none begins in it.
      if (lists.every((list) => list.length === 0)) return;
      const apart = lists.map((entries): FoundApart => ({ entries, by: 0, from: part.from, to: part.to }));
      const found = await this.#settle(owner === undefined ? 'segment' : 'process', stretch, part, apart);
      if (owner === undefined) this.#keep(stretch, found);
      else yield found;
    } else yield* this.#takeShared(stretch, part);
  }

  async *#takeShared(stretch: Stretch, part: Part): AsyncGenerator<readonly Found[], void, undefined> {
    const { twin } = part;
    const kept = twin && this.#kept.get(twin.stretch);
    if (twin !== undefined && (kept?.count ?? 0) <= KEPT) {
      const { from, to } = commonRange(stretch, part);
      if (kept === undefined && from === part.from && to === part.to) return;
      const by = part.from - twin.at;
      const apart = (kept?.lists ?? this.#none).map((entries): FoundApart => ({ entries, by, from, to }));
      yield await this.#settle('process', stretch, part, apart);
      return;
    }
    const nothing = this.#none.map((entries): FoundApart => ({ entries, by: 0, from: part.to, to: part.to }));
    for (let from = part.from; from < part.to; from += this.#stride) {
      const to = Math.min(part.to, from + this.#stride);
      yield await this.#settle('process', stretch, { from, to }, nothing);
    }
  }

  async #settle(whose: 'process' | 'segment', stretch: Stretch, part: Part, apart: readonly FoundApart[]) {
    const ends = this.#ends[whose];
    if (ends.stretch !== stretch) Object.assign(ends, { stretch, done: [] });
    const found: Found[] = [];
    for (const [pattern, list] of apart.entries()) {
      const again = async (from: number, to: number) => (await this.#searchAgain(stretch, from, to))[pattern] ?? [];
      const entries = await settle(part, ends.done[pattern] ?? 0, list, again, this.#stride);
      const last = entries.at(-1);
      if (last !== undefined) ends.done[pattern] = last.at + last.bytes;
      for (const entry of entries) found.push({ ...entry, pattern });
    }
    return found.sort((a, b) => a.at - b.at || a.pattern - b.pattern);
  }

  #keep(stretch: Stretch, found: readonly Found[]): void {
    let kept = this.#kept.get(stretch);
    if (kept === undefined) {
      kept = { lists: this.#none.map(() => []), count: 0 };
      this.#kept.set(stretch, kept);
    }
    kept.count += found.length;
    if (kept.count > KEPT) kept.lists = [];
    else for (const entry of found) kept.lists[entry.pattern]?.push(entry);
  }

  #listsOf(block: Block, view: number, result: BlockResult, { from }: Part): Lists {
    if (this.#block?.block !== block) this.#block = { block, views: this.#entriesOf(result) };
    const lists = this.#block.views.get(view);
    const base = from - (result.views[view]?.from ?? 0);
    return lists?.map((list) => list.map((entry) => ({ ...entry, at: entry.at + base }))) ?? this.#none;
  }

  /** Entries with their places in the block, by number of the view. */
  #entriesOf({ hits: all, views, contexts }: BlockResult): ReadonlyMap<number, Lists> {
    const found = new Map<number, Entry[][]>();
    const numbers = new Map(views.map((view, number) => [view, number]));
    const { context } = this.#of;
    let done = 0;
    for (const [pattern, hits] of all.entries()) {
      forEachHit(hits, views, (at, bytes, view) => {
        const number = numbers.get(view) ?? 0;
        const lists = found.get(number) ?? this.#none.map(() => []);
        found.set(number, lists);
        const [from, to] = context === undefined ? [at, at] : contextRange(view, at, bytes, context);
        lists[pattern]?.push({
          at,
          bytes,
          context: contexts.subarray(done, done + to - from),
          contextOffset: at - from,
        });
        done += to - from;
      });
    }
    return found;
  }

  /** Patterns ask for the same part one after the other: what was found last is remembered. */
  async #searchAgain(stretch: Stretch, from: number, to: number): Promise<Lists> {
    const last = this.#last;
    if (last?.stretch === stretch && last.from === from && last.to === to) return last.found;
    const found = this.#search(stretch, from, to);
    this.#last = { stretch, from, to, found };
    return found;
  }

  async #search(stretch: Stretch, from: number, to: number): Promise<Lists> {
    const block = new Block(this.#of.shape);
    block.take(stretch, from, to);
    const result = await this.#of.search(block);
    const base = from - (result.views[0]?.from ?? 0);
    const lists = this.#entriesOf(result).get(0) ?? this.#none;
    return lists.map((list) => list.map((entry) => ({ ...entry, at: entry.at + base })));
  }
}
