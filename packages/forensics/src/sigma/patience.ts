/** Bounds the time that a hostile rule takes: expressions and wildcards may go back for ever, and cannot be interrupted else. */
import { createContext, Script } from 'node:vm';

/** Milliseconds for one rule. */
const EACH = 1000;
/** Milliseconds for all rules of a run. */
const ALL = 120_000;

const RUN = new Script('work()');

/** Time of one run over many rules. */
export class Patience {
  #left: number = ALL;
  readonly #each: number;
  readonly #context = createContext({ work: undefined });

  constructor(each: number = EACH) {
    this.#each = each;
  }

  /** What `work` gives; undefined where it took too long and was ended. Throws what it throws. */
  run<Result extends object>(work: () => Result): Result | undefined {
    if (this.#left < 1) return undefined;
    let result: Result | undefined;
    const begun = performance.now();
    this.#context['work'] = () => {
      result = work();
    };
    try {
      RUN.runInContext(this.#context, { timeout: Math.ceil(Math.min(this.#each, this.#left)) });
      return result;
    } catch (cause) {
      if (isTimeout(cause)) return undefined;
      throw cause;
    } finally {
      this.#left -= performance.now() - begun;
      this.#context['work'] = undefined;
    }
  }
}

/** The error is of the other context, and so no Error of this one. */
function isTimeout(cause: unknown): boolean {
  return (
    typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
