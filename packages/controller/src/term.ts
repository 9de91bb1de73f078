/** One term of leadership: lists are read and followed, and what they hold is worked on, until the lease is lost or all is to end. */
import { type JsonObject, type Logger, messageOf } from '@stillframe/core';
import { type ClusterAccess, type ClusterApi, openClusterApi } from '@stillframe/kubernetes';
import { Throttle } from './access/throttle.ts';
import { reflect } from './cache/reflector.ts';
import { Store } from './cache/store.ts';
import type { Clock } from './clock.ts';
import { EventRecorder } from './events/recorder.ts';
import type { Leadership } from './leader/election.ts';
import { type Counted, checkpointIndexes, type Ports } from './ports.ts';
import { type Work, WorkQueue } from './queue/work-queue.ts';
import type { Checkpoint } from './resources/object.ts';

export interface TermOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly log: Logger;
  /** This process, unlike every other that ever ran. */
  readonly identity: string;
  /** Only objects of this namespace; else of all. */
  readonly kubeNamespace?: string | undefined;
  /** To the API server, over all that is done. */
  readonly requestsPerSecond: number;
  readonly counted: Counted & { request(method: string, status: number): void };
  readonly outcomes: Ports['outcomes'];
  readonly random?: (() => number) | undefined;
}

/** Milliseconds between two looks at everything: it costs no request, and finds what a defect let lie. */
const RESYNC = 600_000;
const BURST = 30;

export class Term {
  readonly ports: Ports;
  readonly kubeNamespace: string | undefined;
  /** Until which lists are followed. */
  readonly #following: AbortSignal;
  readonly #over = new AbortController();
  readonly #lost: AbortSignal;
  readonly #options: TermOptions;
  readonly #followers: Promise<unknown>[] = [];
  readonly #attended: { queue: WorkQueue; workers: number; work: Work; all: () => Iterable<string> }[] = [];

  constructor(options: TermOptions, leadership: Leadership) {
    const { clock, log, identity, counted, outcomes } = options;
    this.#options = options;
    this.#lost = leadership.signal;
    this.#following = AbortSignal.any([this.#over.signal, this.#lost]);
    this.kubeNamespace = options.kubeNamespace;
    const api = workingApi(options, leadership);
    const recorder = new EventRecorder(api, clock, log, identity);
    this.ports = {
      api,
      clock,
      log,
      identity,
      counted,
      recorder,
      outcomes,
      checkpoints: new Store<Checkpoint>(checkpointIndexes),
    };
  }

  /** Keeps the store as that list is; fulfilled once all of it has been read, or the term is over. */
  async follow<T>(path: string, store: Store<T>, decode: (document: JsonObject) => T | undefined): Promise<void> {
    const { api, clock, log } = this.ports;
    const { random } = this.#options;
    const { promise, resolve: onSynced } = Promise.withResolvers<void>();
    const shared = { api, path, store, decode, clock, log, onSynced };
    const following = reflect({ ...shared, ...(random ? { random } : {}) }, this.#following).catch((error: unknown) => {
      if (!this.#following.aborted) throw error;
    });
    this.#followers.push(following);
    await Promise.race([promise, following]);
  }

  /** A queue of keys that `serve` works on. `all`: those that there are, which are looked at now and then. */
  attend(workers: number, work: Work, all: () => Iterable<string>): WorkQueue {
    const queue = new WorkQueue(this.ports.clock, this.#options.random);
    this.#attended.push({ queue, workers, work, all });
    return queue;
  }

  /** Until `stop`, and what is under way then is done; or until the lease is lost. */
  async serve(stop: AbortSignal): Promise<void> {
    const lost = this.#lost;
    const { clock, log } = this.ports;
    const failed = (key: string, error: unknown) =>
      log.log('warn', 'is tried again', { key, reason: messageOf(error) });
    const resync = () => {
      for (const { queue, all } of this.#attended) for (const key of all()) queue.add(key);
      forget = clock.after(RESYNC, resync);
    };
    let forget = clock.after(RESYNC, resync);
    try {
      await Promise.all(
        this.#attended.map(({ queue, workers, work }) => queue.run({ workers, work, failed, stop, lost })),
      );
    } finally {
      forget();
    }
  }

  /** Follows no more. */
  async end(): Promise<void> {
    this.#over.abort(new DOMException('the term is over', 'AbortError'));
    await Promise.allSettled(this.#followers);
  }
}

/** Sends nothing once the lease is lost: a process that stood still finds that out here, before its timers tell it. */
function workingApi({ access, clock, requestsPerSecond, counted }: TermOptions, leadership: Leadership): ClusterApi {
  const throttle = new Throttle(clock, requestsPerSecond, BURST);
  return openClusterApi(access, {
    admit: async ({ signal }) => {
      await throttle.take(signal ? AbortSignal.any([signal, leadership.signal]) : leadership.signal);
      if (!leadership.holds()) throw new DOMException('the lease was lost', 'AbortError');
    },
    answered: ({ method }, status) => counted.request(method, status),
  });
}
