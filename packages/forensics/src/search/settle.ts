/**
 * Puts the matches of parts together that were searched apart. One match begins where the one before has ended, so what was
 * found in a part holds from where both agree; up to there it is searched again.
 */
import { countUpTo } from '@stillframe/core/sorted';
import { AHEAD, SIGHT } from './bounds.ts';
import type { Part, Stretch } from './stretch.ts';

/** A match in a stretch. */
export interface Entry {
  /** Where in the stretch. */
  readonly at: number;
  readonly bytes: number;
  readonly context: Uint8Array;
  readonly contextOffset: number;
}

/** Searches a part again: the matches that begin from `from` up to `to`, as if none stood before. */
export type SearchAgain = (from: number, to: number) => Promise<readonly Entry[]>;

/** What was found of one pattern, and in which part that is what the stretch itself would show. */
export interface FoundApart {
  readonly entries: readonly Entry[];
  /** Added to the place of an entry it gives that in the stretch. */
  readonly by: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The matches of one pattern that begin in `part`, given where the last one before it ended. At most `stride` bytes are
 * searched again at once.
 */
export async function settle(
  part: Part,
  done: number,
  { entries, by, from, to }: FoundApart,
  again: SearchAgain,
  stride: number,
): Promise<Entry[]> {
  const settled: Entry[] = [];
  let at = Math.max(done, part.from);
  const accept = (entry: Entry) => {
    settled.push(entry);
    at = entry.at + entry.bytes;
  };
  while (at < part.to) {
    const next = countUpTo(entries, (entry) => entry.at + by < at);
    const before = entries[next - 1];
    if (at >= from && at < to && (before === undefined || before.at + by + before.bytes <= at)) {
      for (let i = next; i < entries.length; i += 1) {
        const entry = entries[i];
        if (entry === undefined || entry.at + by >= to) break;
        accept(by === 0 ? entry : { ...entry, at: entry.at + by });
      }
      at = Math.max(at, to);
    } else {
      const border = at < from ? from : part.to;
      const end = Math.min(border, at + stride);
      for (const entry of await again(at, end)) accept(entry);
      at = Math.max(at, end);
    }
  }
  return settled;
}

/** In which part of `part` its twin shows what the stretch shows: what is seen around a match must be the same. */
export function commonRange(
  { bytes }: Stretch,
  { from, to, twin }: Part,
): { readonly from: number; readonly to: number } {
  const isWhole = {
    begin: from === 0 && twin?.at === 0,
    end: to === bytes && twin !== undefined && twin.at + (to - from) === twin.stretch.bytes,
  };
  return { from: isWhole.begin ? from : Math.min(to, from + SIGHT), to: isWhole.end ? to : Math.max(from, to - AHEAD) };
}
