/** Retention of a node's own folder of checkpoints: at its start and after each capture, one run at a time. */
import { type Cause, type RetentionPolicy, reasonText, sizeOf, unmetText } from '@stillframe/checkpoint';
import { type Logger, messageOf } from '@stillframe/core';
import { carryOut, type PrunedFolder, planFolder } from '../checkpoints/prune.ts';

/** Told of each checkpoint that was removed, of so many bytes. */
export type RemovalObserver = (limit: Cause['limit'], bytes: number) => void;

/** Applies a policy whenever it is asked to; disposing ends a run after the checkpoint at hand. A run that fails is logged. */
export class NodeRetention implements AsyncDisposable {
  readonly #place: PrunedFolder;
  readonly #policy: RetentionPolicy;
  readonly #logger: Logger;
  readonly #removed: RemovalObserver;
  readonly #ending = new AbortController();
  #run: Promise<void> | undefined;
  #again = false;
  /** Unmet limits that were told last: only news are logged. */
  #told = '';

  constructor(place: PrunedFolder, policy: RetentionPolicy, logger: Logger, removed: RemovalObserver) {
    this.#place = place;
    this.#policy = policy;
    this.#logger = logger;
    this.#removed = removed;
  }

  /** Looks soon; of many that ask meanwhile, one more run is for all. */
  soon(): void {
    this.#again = true;
    this.#run ??= this.#runs().finally(() => {
      this.#run = undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('the node is ending'));
    await this.#run;
  }

  async #runs(): Promise<void> {
    while (this.#again && !this.#ending.signal.aborted) {
      this.#again = false;
      try {
        await this.#apply(this.#ending.signal);
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        this.#logger.log('error', 'retention of checkpoints failed', { reason: messageOf(error) });
      }
    }
  }

  async #apply(signal: AbortSignal): Promise<void> {
    const plan = await planFolder(this.#place, this.#policy, { signal });
    const planned = new Map(plan.units.map((each) => [each.unit, each]));
    await carryOut(
      this.#place,
      plan,
      (unit, result) => {
        const each = planned.get(unit);
        if (result !== 'removed' || !each?.goes) return;
        const size = sizeOf(unit);
        this.#removed(each.cause.limit, size);
        const level = each.cause.newest ? 'warn' : 'info';
        this.#logger.log(level, 'checkpoint removed', { path: unit.path, size, reason: reasonText(each) });
      },
      signal,
    );
    const told = JSON.stringify(plan.unmet.map(({ limit, group, because }) => [limit, group, because]));
    if (told === this.#told) return;
    this.#told = told;
    for (const each of plan.unmet) {
      this.#logger.log('warn', unmetText(each), { group: each.group, because: each.because.slice(0, 20) });
    }
  }
}
