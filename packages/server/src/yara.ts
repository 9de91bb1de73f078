/** YARA rules on the desk: whoever starts it says how they are run, since the server itself has no processes; few at once. */
import type { Diagnostic } from '@stillframe/core';
import type { YaraRules, YaraSource } from '@stillframe/forensics';
import { deskError } from './errors.ts';

/** Rules that were compiled. Disposing ends what judges by them. */
export interface RunningYara extends YaraRules, AsyncDisposable {
  /** What was given up, as rules that take for ever; grows. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws ERR_FORENSICS_YARA_RULES for rules that are none, and the reason of `signal`. */
export type StartYara = (sources: readonly YaraSource[], signal: AbortSignal) => Promise<RunningYara>;

/** Each has a process that holds a window of memory. */
const MOST_AT_ONCE = 2;

export class YaraDesk {
  readonly #start: StartYara | undefined;
  #running = 0;

  constructor(start: StartYara | undefined) {
    this.#start = start;
  }

  get isThere(): boolean {
    return this.#start !== undefined;
  }

  /** Throws what StartYara throws, ERR_DESK_BUSY, ERR_DESK_NOT_FOUND where nobody runs rules. */
  async start(source: YaraSource, signal: AbortSignal): Promise<RunningYara> {
    if (!this.#start) throw deskError('ERR_DESK_NOT_FOUND', 'this desk runs no YARA rules');
    if (this.#running >= MOST_AT_ONCE)
      throw deskError('ERR_DESK_BUSY', `the desk searches by the rules of ${MOST_AT_ONCE} people at most at once`);
    this.#running += 1;
    try {
      const started = await this.#start([source], signal);
      return {
        diagnostics: started.diagnostics,
        scan: (bytes) => started.scan(bytes),
        [Symbol.asyncDispose]: async () => {
          this.#running -= 1;
          await started[Symbol.asyncDispose]();
        },
      };
    } catch (error) {
      this.#running -= 1;
      throw error;
    }
  }
}
