/** Looking again and again: when the folder changes, when something is due, and every so often, since events get lost. */
import { type FSWatcher, watch } from 'node:fs';
import { type Logger, messageOf, restFor } from '@stillframe/core';
import { backoff } from './backoff.ts';
import type { Collector, Look } from './collector.ts';
import type { CollectorFigures } from './figures.ts';

export interface LoopOptions {
  readonly folder: string;
  /** Milliseconds between looks at most. */
  readonly interval: number;
  readonly figures: CollectorFigures;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Milliseconds that events are gathered before a look: an archive that is being written makes thousands. */
const GATHERED = 1000;

/** Collects until the signal aborts; a folder that cannot be read is told and tried again. Throws what is none of that. */
export async function collectUntilEnded(collector: Collector, options: LoopOptions): Promise<void> {
  const { interval, figures, logger, signal } = options;
  using bell = new Bell(options);
  for (let failures = 0; !signal.aborted; ) {
    bell.listen();
    let wait = interval;
    try {
      const { again = interval } = await collector.look();
      failures = 0;
      wait = Math.min(interval, Math.max(again, GATHERED));
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      figures.failed('folder');
      // A new start would not make the folder readable.
      figures.alive();
      wait = backoff(failures);
      logger.log('error', 'the folder cannot be looked at', { reason: messageOf(error), tries: failures });
    }
    await bell.rung(wait, signal);
  }
}

/**
 * One look, and a second one for archives that were too fresh for the first. Throws what look throws.
 */
export async function collectOnce(collector: Collector, settle: number, signal: AbortSignal): Promise<Look> {
  const first = await collector.look();
  if (!first.standings.some(({ state }) => state === 'waiting')) return first;
  await restFor(settle, signal);
  const second = await collector.look();
  return { ...second, placed: first.placed + second.placed };
}

/** Rings when the folder changes. Watching is help, never needed: where it fails the next look begins it anew. */
class Bell implements Disposable {
  readonly #options: LoopOptions;
  #watcher: FSWatcher | undefined;
  #ring: (() => void) | undefined;
  #rang = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  listen(): void {
    if (this.#watcher) return;
    try {
      this.#watcher = watch(this.#options.folder, { persistent: false }, () => {
        this.#rang = true;
        this.#ring?.();
      });
      this.#watcher.on('error', () => this.#deaf());
    } catch {
      this.#deaf();
    }
  }

  /** Waits for a change since the last time, or for that many milliseconds. */
  async rung(milliseconds: number, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    this.#ring = () => waiting.abort();
    if (!this.#rang) await restFor(milliseconds, AbortSignal.any([signal, waiting.signal]));
    this.#ring = undefined;
    if (this.#rang) await restFor(GATHERED, signal);
    this.#rang = false;
  }

  [Symbol.dispose](): void {
    this.#deaf();
  }

  #deaf(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
