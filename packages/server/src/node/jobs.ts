/** What was asked of a node and goes on whether or not the page still looks: one at a time for each container. */

import type { Job } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import { refusalOf } from '../http/answer.ts';
import type { Watch } from './live-node.ts';

/** Jobs that are over and still told. */
const MOST_OVER = 20;
/** Jobs at once: each freezes, copies or starts something. */
const MOST_AT_ONCE = 4;

/** What a job comes to. */
type Outcome = Partial<Pick<Job, 'capture' | 'copies' | 'pushed'>>;

interface Kept {
  readonly id: string;
  readonly kind: Job['kind'];
  readonly subject: string;
  /** What may be worked at by one job only. */
  readonly key: string;
  readonly stop: AbortController;
  readonly from: number;
  state: Job['state'];
  stage: string;
  progress: Job['progress'];
  until: number | undefined;
  failure: Job['failure'];
  outcome: Outcome;
}

export class Jobs implements AsyncDisposable {
  readonly #ending: AbortSignal;
  readonly #kept: Kept[] = [];
  readonly #running = new Map<string, Promise<void>>();
  #count = 0;

  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /** Begins it and gives its id. Throws ERR_DESK_BUSY. */
  begin(
    { kind, subject, key }: Pick<Kept, 'kind' | 'subject' | 'key'>,
    run: (watch: Watch) => Promise<Outcome>,
  ): string {
    if (this.#kept.some((each) => each.state === 'running' && each.key === key))
      throw deskError('ERR_DESK_BUSY', 'the desk is at it already');
    if (this.#running.size >= MOST_AT_ONCE)
      throw deskError('ERR_DESK_BUSY', `the desk does at most ${MOST_AT_ONCE} things at once`);
    this.#count += 1;
    const job: Kept = {
      ...{ id: String(this.#count), kind, subject, key, stop: new AbortController(), from: performance.now() },
      ...{ state: 'running', stage: 'beginning', progress: null, until: undefined, failure: null, outcome: {} },
    };
    this.#kept.unshift(job);
    this.#forget();
    this.#running.set(job.id, this.#run(job, run));
    return job.id;
  }

  /** Throws ERR_DESK_NOT_FOUND for one that is not under way. */
  stop(id: string): void {
    const job = this.#kept.find((each) => each.id === id && each.state === 'running');
    if (!job) throw deskError('ERR_DESK_NOT_FOUND', 'nothing of that number is under way');
    job.stage = 'is called off';
    job.stop.abort(new DOMException('it was called off', 'AbortError'));
  }

  /** Newest first. */
  list(): readonly Job[] {
    return this.#kept.map(({ id, kind, subject, state, stage, progress, failure, from, until, outcome }) => ({
      ...{ id, kind, subject, state, stage, progress, failure },
      milliseconds: Math.round((until ?? performance.now()) - from),
      ...{ capture: outcome.capture ?? null, copies: outcome.copies ?? [], pushed: outcome.pushed ?? null },
    }));
  }

  /** Waits for what is under way, which the end of the desk has called off. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Never rejects. */
  async #run(job: Kept, run: (watch: Watch) => Promise<Outcome>): Promise<void> {
    const signal = AbortSignal.any([this.#ending, job.stop.signal]);
    const told: Watch['told'] = (stage, progress) => {
      if (!signal.aborted) Object.assign(job, { stage, progress: progress ?? null });
    };
    try {
      signal.throwIfAborted();
      job.outcome = await run({ signal, told });
      job.state = 'done';
    } catch (error) {
      job.state = 'failed';
      job.failure = job.stop.signal.aborted
        ? { code: 'ERR_DESK_STOPPED', message: 'it was called off' }
        : refusalOf(error);
    } finally {
      job.until = performance.now();
      this.#running.delete(job.id);
    }
  }

  #forget(): void {
    const over = this.#kept.filter(({ state }) => state !== 'running').slice(MOST_OVER);
    for (const job of over) this.#kept.splice(this.#kept.indexOf(job), 1);
  }
}
