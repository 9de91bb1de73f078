/** Undoing: steps registered as work goes on, run in reverse when it fails or ends. */
import { coreError } from './core-errors.ts';
import { messageOf } from './errors.ts';

export type UndoStep = () => PromiseLike<void> | void;

/**
 * A stack of undo steps. Disposing runs them in reverse, each whether or not the others failed; `keep()` forgets them.
 * Steps never see the caller's signal: a cancelled operation still cleans up.
 */
export class UndoStack implements AsyncDisposable {
  #steps: { name: string; step: UndoStep }[] = [];
  readonly #deadline: number;

  /** `deadline`: milliseconds that all steps together may take before disposal gives up waiting for one. */
  constructor(options: { deadline?: number } = {}) {
    this.#deadline = options.deadline ?? 30_000;
  }

  /** Registers `step` to be run at disposal; `name` says in an error what was not undone. */
  push(name: string, step: UndoStep): void {
    this.#steps.push({ name, step });
  }

  /** The work succeeded: nothing is to be undone. */
  keep(): void {
    this.#steps = [];
  }

  /** Hands the steps over to a stack that lives on; this one has none of them any more. */
  move(): UndoStack {
    const moved = new UndoStack({ deadline: this.#deadline });
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /** Runs all steps. Throws ERR_ROLLBACK_INCOMPLETE naming those that failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const steps = this.#steps.reverse();
    this.#steps = [];
    if (steps.length === 0) return;
    const signal = AbortSignal.timeout(this.#deadline);
    const failed: { name: string; reason: unknown }[] = [];
    for (const { name, step } of steps) {
      try {
        await orAborted(Promise.resolve(step()), signal);
      } catch (reason) {
        failed.push({ name, reason });
      }
    }
    if (failed.length > 0) {
      const names = failed.map((f) => `${f.name} (${messageOf(f.reason)})`).join(', ');
      throw coreError('ERR_ROLLBACK_INCOMPLETE', `could not undo: ${names}`, { cause: failed[0]?.reason });
    }
  }
}

/** Waits so many milliseconds; ends early, without an error, where the signal aborts. */
export function restFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Waits for `work`, or rejects with the signal's reason when it aborts first. The work itself is not stopped. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    // The work goes on whatever the signal says, and its failure must find somebody.
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
