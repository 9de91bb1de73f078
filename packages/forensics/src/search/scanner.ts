/** Many patterns in one block of memory: the filter says where anchors may be, each is looked at, expressions run around them. */
import type { Anchor } from './anchor.ts';
import { AHEAD, LONGEST_MATCH, SIGHT } from './bounds.ts';
import type { CompiledPattern } from './compile.ts';
import { ExpressionSearch, type Text } from './expression-search.ts';
import { Filter } from './filter.ts';

/** Bytes of the block that follow each other in memory. Offsets in the block. */
export interface View {
  /** Where matches may begin: from `from` up to, without, `to`. */
  readonly from: number;
  readonly to: number;
  /** What is there to be seen: no match reaches out of it. */
  readonly begin: number;
  readonly end: number;
}

/** Matches of one pattern, ascending: offset in the block, length, offset, length… None overlaps another. */
export type Hits = Uint32Array;

interface Spot {
  readonly view: View;
  /** Where a match may begin that has the anchor. */
  first: number;
  last: number;
}

/** Searches blocks of at most `capacity` bytes. Not for two blocks at a time. */
export class Scanner {
  readonly #patterns: readonly CompiledPattern[];
  readonly #anchors: readonly (Anchor & { readonly pattern: number })[];
  readonly #filter: Filter;
  readonly #expressions: ExpressionSearch | undefined;
  readonly capacity: number;

  constructor(patterns: readonly CompiledPattern[], capacity: number) {
    this.capacity = capacity;
    this.#patterns = patterns;
    this.#anchors = patterns.flatMap(({ anchors }, pattern) => anchors.map((anchor) => ({ ...anchor, pattern })));
    this.#filter = new Filter(this.#anchors, capacity);
    const hasExpressions = patterns.some(({ expression }) => expression !== undefined);
    this.#expressions = hasExpressions
      ? new ExpressionSearch(
          patterns.map(({ expression }) => expression),
          patterns.map(({ id }) => id),
        )
      : undefined;
  }

  /** The block: to be filled before each scan. */
  get bytes(): Buffer {
    return this.#filter.bytes;
  }

  /**
   * The matches of each pattern that begin in `views`, which ascend and do not overlap. `done`: where
   * the last match of each pattern ended, none begins before. At most `most` a pattern. Throws SlowExpression.
   */
  scan(views: readonly View[], { done = [], most = Number.POSITIVE_INFINITY }: ScanLimits = {}): readonly Hits[] {
    const rows = this.#patterns.map((): number[] => []);
    const spots = this.#patterns.map((): Spot[] => []);
    this.#look(views, rows, spots);
    return this.#patterns.map(({ anchors, expression }, index) => {
      const begin = done[index] ?? 0;
      if (expression === undefined) return apart(rows[index] ?? [], anchors.length > 1, begin, most);
      const places = anchors.length > 0 ? joined(spots[index] ?? []) : views.map((view) => wholeOf(view));
      return this.#run(index, places, begin, most);
    });
  }

  #look(views: readonly View[], rows: readonly number[][], spots: readonly Spot[][]): void {
    const length = views.reduce((end, view) => Math.max(end, view.end), 0);
    const viewAt = finderOf(views);
    this.#filter.forEach(length, (index, at) => {
      const anchor = this.#anchors[index];
      if (anchor === undefined || at < 0 || at + anchor.sets.length > length || !this.#stands(anchor, at)) return;
      const { pattern, sets, before } = anchor;
      const last = at - before.least;
      const first = Math.max(0, at - Math.min(before.most, LONGEST_MATCH - sets.length));
      const isExact = this.#patterns[pattern]?.expression === undefined;
      const view = viewAt(at, at + sets.length);
      if (view === undefined || last < view.from || first >= view.to) return;
      if (isExact) rows[pattern]?.push(at, sets.length);
      else note(spots[pattern] ?? [], { view, first: Math.max(first, view.from), last: Math.min(last, view.to - 1) });
    });
  }

  #stands({ sets }: Anchor, at: number): boolean {
    const { bytes } = this.#filter;
    for (let i = 0; i < sets.length; i += 1) {
      if (sets[i]?.[bytes[at + i] ?? 0] !== 1) return false;
    }
    return true;
  }

  #run(index: number, places: readonly Spot[], begin: number, most: number): Hits {
    const begins: number[] = [];
    const texts: Text[] = [];
    for (const { view, first, last } of places) {
      const from = Math.max(first, begin);
      if (from > last) continue;
      const start = Math.max(view.begin, from - SIGHT);
      begins.push(start);
      const text = this.bytes.toString('latin1', start, Math.min(view.end, last + 1 + AHEAD));
      texts.push({ text, from: from - start, to: last + 1 - start });
    }
    if (texts.length === 0) return new Uint32Array(0);
    const found = this.#expressions?.find(index, texts, most) ?? [];
    const hits: number[] = [];
    let end = begin;
    for (let i = 0; i < found.length; i += 3) {
      const at = (begins[found[i] ?? 0] ?? 0) + (found[i + 1] ?? 0);
      if (at < end) continue;
      end = at + (found[i + 2] ?? 0);
      hits.push(at, end - at);
    }
    return Uint32Array.from(hits);
  }
}

/** Bounds of one scan. */
export interface ScanLimits {
  readonly done?: ArrayLike<number> | undefined;
  readonly most?: number | undefined;
}

function wholeOf(view: View): Spot {
  return { view, first: view.from, last: view.to - 1 };
}

/** Adds a spot, to the one before where they meet: memory full of anchors is one text. */
function note(spots: Spot[], spot: Spot): void {
  const before = spots.at(-1);
  if (before?.view === spot.view && spot.first >= before.first && spot.first <= before.last + AHEAD) {
    before.last = Math.max(before.last, spot.last);
  } else spots.push(spot);
}

/** Anchors of several lengths come nearly ascending. */
function joined(spots: readonly Spot[]): readonly Spot[] {
  const whole: Spot[] = [];
  for (const spot of spots.toSorted((a, b) => a.view.from - b.view.from || a.first - b.first)) note(whole, spot);
  return whole;
}

/** The view that holds all bytes from `at` to `end`. */
function finderOf(views: readonly View[]): (at: number, end: number) => View | undefined {
  let current = 0;
  return (at, end) => {
    while (current > 0 && (views[current]?.begin ?? 0) > at) current -= 1;
    while ((views[current]?.end ?? Number.POSITIVE_INFINITY) <= at) current += 1;
    const view = views[current];
    return view !== undefined && view.begin <= at && end <= view.end ? view : undefined;
  };
}

/** Matches that do not overlap, of all that there are: the leftmost counts, then the shortest. */
function apart(found: number[], isUnordered: boolean, begin: number, most: number): Hits {
  const hits: number[] = [];
  let end = begin;
  for (const [at, length] of isUnordered ? ordered(found) : pairs(found)) {
    if (at < end || hits.length >= 2 * most) continue;
    hits.push(at, length);
    end = at + length;
  }
  return Uint32Array.from(hits);
}

function* pairs(found: readonly number[]): Generator<readonly [at: number, length: number]> {
  for (let i = 0; i < found.length; i += 2) yield [found[i] ?? 0, found[i + 1] ?? 0];
}

function ordered(found: readonly number[]): readonly (readonly [at: number, length: number])[] {
  return [...pairs(found)].sort(([a, m], [b, n]) => a - b || m - n);
}
