/** How a search is told, whatever it searches by: matches as they are found, how far it came, and its end. */
import { setTimeout } from 'node:timers/promises';
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import type { SearchLine } from '../contract/index.ts';
import type { Call } from './route.ts';

export type MatchLine = Extract<SearchLine, { kind: 'match' }>;

/** Matches that a page lists, and bytes around each. */
export const [MOST, CONTEXT] = [1000, 48];
/** Milliseconds between two lines that tell how far it came. */
const PROGRESS = 250;

/** A search that has begun. */
export interface Searching {
  readonly matches: AsyncGenerator<MatchLine, void, undefined>;
  /** What was given up on the way; asked for at the end. */
  readonly note?: () => string | null;
}

/** `placeOf`: where in what was asked a failure is, by its words. */
export async function* searchLines(
  { one, signal }: Call,
  begin: (onProgress: (done: number, total: number) => void) => Searching,
  placeOf: (message: string) => Extract<SearchLine, { kind: 'failed' }>['place'] = () => null,
): AsyncGenerator<SearchLine, void, undefined> {
  let progress = { done: 0, total: 0 };
  let matches = 0;
  let truncated = false;
  try {
    const searching = begin((done, total) => {
      progress = { done, total };
    });
    for await (const match of orTick(searching.matches, signal)) {
      if (match === undefined) yield { kind: 'progress', ...progress };
      else if (matches >= MOST) {
        truncated = true;
        break;
      } else {
        matches += 1;
        yield match;
      }
    }
    const faults = one.checkpoint.diagnostics().filter(({ severity }) => severity === 'error').length;
    yield { kind: 'end', matches, truncated, faults, note: searching.note?.() ?? null };
  } catch (error) {
    // The answer has begun, so that the failure is its last line.
    if (signal.aborted || !StillframeError.is(error)) throw error;
    const { code, hint } = error;
    const message = messageOf(error);
    yield { kind: 'failed', code, message: harmless(message), hint, place: placeOf(message) };
  }
}

/** `rw-`. */
export function protectionOf(prot: number): string {
  return `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`;
}

/** One character a byte. */
export function contextText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** What comes, and undefined where nothing has come for a while. */
async function* orTick<Value>(
  values: AsyncGenerator<Value, void, undefined>,
  signal: AbortSignal,
): AsyncGenerator<Value | undefined, void, undefined> {
  try {
    for (let next = values.next(); ; ) {
      const stop = new AbortController();
      const tick = setTimeout(PROGRESS, undefined, { signal: AbortSignal.any([signal, stop.signal]) });
      const first = await Promise.race([next, tick.catch(() => undefined)]);
      stop.abort();
      signal.throwIfAborted();
      if (first === undefined) yield undefined;
      else if (first.done) return;
      else {
        yield first.value;
        next = values.next();
      }
    }
  } finally {
    await values.return();
  }
}
