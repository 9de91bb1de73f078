/** Several streams of events as one, in the order of time. */
import { byTime } from './event.ts';

/** What merging needs to know of an event. */
type Timed = Parameters<typeof byTime>[0];

/** Events of a batch at most. */
const BATCH = 1024;

interface Cursor<T> {
  readonly batches: AsyncIterator<readonly T[], unknown>;
  batch: readonly T[];
  at: number;
}

/**
 * Each stream yields batches by ascending time; so does the whole. Of each a batch is held. A stream that is not in order is given
 * out in its own order.
 */
export async function* mergeEvents<T extends Timed>(
  streams: readonly AsyncIterable<readonly T[]>[],
): AsyncGenerator<readonly T[], void, undefined> {
  const cursors: Cursor<T>[] = [];
  try {
    for (const stream of streams) {
      const cursor: Cursor<T> = { batches: stream[Symbol.asyncIterator](), batch: [], at: 0 };
      cursors.push(cursor);
    }
    let live: Cursor<T>[] = [];
    for (const cursor of cursors) if (await advanced(cursor)) live.push(cursor);
    let out: T[] = [];
    while (live.length > 0) {
      let first = live[0];
      for (const cursor of live) if (first && before(cursor, first)) first = cursor;
      const event = first?.batch[first.at];
      if (!first || event === undefined) break;
      out.push(event);
      first.at += 1;
      if (first.at === first.batch.length && !(await advanced(first))) {
        const done = first;
        live = live.filter((cursor) => cursor !== done);
      }
      if (out.length < BATCH) continue;
      yield out;
      out = [];
    }
    if (out.length > 0) yield out;
  } finally {
    for (const { batches } of cursors) await batches.return?.();
  }
}

function before<T extends Timed>(a: Cursor<T>, b: Cursor<T>): boolean {
  const [one, other] = [a.batch[a.at], b.batch[b.at]];
  return one !== undefined && other !== undefined && byTime(one, other) < 0;
}

/** Whether there is a next event. */
async function advanced<T>(cursor: Cursor<T>): Promise<boolean> {
  for (;;) {
    const next = await cursor.batches.next();
    if (next.done) return false;
    if (next.value.length === 0) continue;
    cursor.batch = next.value;
    cursor.at = 0;
    return true;
  }
}
