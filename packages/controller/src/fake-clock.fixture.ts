/** For tests alone: time that goes on when it is told to. */
import type { Clock } from './clock.ts';

export interface FakeClock extends Clock {
  /**
   * Lets so much time go by; after each timer that was due, what it began has as long as `settle` takes. Timers that these set are
   * due in the same time.
   */
  advance(milliseconds: number, settle?: () => Promise<void>): Promise<void>;
  /** How many timers wait. */
  readonly waiting: number;
}

const BEGIN = Date.parse('2026-01-01T00:00:00Z');

/** A few turns of the event loop. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function openFakeClock(begin = BEGIN): FakeClock {
  let now = 0;
  let number = 0;
  const timers = new Map<number, { due: number; run: () => void }>();
  const next = (until: number) => {
    let found: [number, { due: number; run: () => void }] | undefined;
    for (const each of timers) if (each[1].due <= until && (!found || each[1].due < found[1].due)) found = each;
    return found;
  };
  return {
    now: () => begin + now,
    monotonic: () => now,
    after(milliseconds, run) {
      const id = number;
      number += 1;
      timers.set(id, { due: now + Math.max(0, milliseconds), run });
      return () => void timers.delete(id);
    },
    async advance(milliseconds, settle = turns) {
      const until = now + milliseconds;
      // What was begun just now may set timers.
      await settle();
      for (let found = next(until); found; found = next(until)) {
        const [id, { due, run }] = found;
        now = Math.max(now, due);
        timers.delete(id);
        run();
        // All that is due at this moment goes together.
        if (next(now)) continue;
        await settle();
      }
      now = until;
      await settle();
    },
    get waiting() {
      return timers.size;
    },
  };
}
