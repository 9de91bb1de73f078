/** Time as something that is given: what waits for minutes is tested in milliseconds. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds from any beginning; never goes back, whatever somebody does to the machine's time. */
  monotonic(): number;
  /** Runs it once, in so many milliseconds; what is answered forgets it. */
  after(milliseconds: number, run: () => void): () => void;
}

/** Longer ones a timer of Node.js would run at once. */
const LONGEST = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(Math.max(milliseconds, 0), LONGEST));
    return () => clearTimeout(timer);
  },
};

/** Throws the reason of the signal. */
export async function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      forget();
      reject(signal.reason as Error);
    };
    const forget = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** How long to wait before the next try: doubles from `first` to `most`, give or take a half, so that not all try at once. */
export function backoff(tries: number, first: number, most: number, random: () => number = Math.random): number {
  return Math.min(most, first * 2 ** Math.min(tries, 30)) * (0.5 + random());
}

/** A time as Kubernetes writes it (`metav1.Time`): whole seconds. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
