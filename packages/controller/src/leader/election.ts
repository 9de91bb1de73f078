/**
 * Who of several works: the one that holds a Lease. It is renewed every two seconds; where that has not worked for ten, the leader
 * stops at once, five seconds before another one may begin. Others are judged by what is seen to change, never by their clocks.
 */
import { isCode, type Logger, messageOf, orAbsent } from '@stillframe/core';
import type { ClusterApi } from '@stillframe/kubernetes';
import { backoff, type Clock, sleep } from '../clock.ts';
import { type LeaseName, type LeaseRecord, leaseDocument, leasesPath, microTime, recordOf } from './lease.ts';

export interface ElectionOptions {
  /** Asks with nobody's throttle before it. */
  readonly api: ClusterApi;
  readonly lease: LeaseName;
  /** Differs from that of every other process that ever ran. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** Seconds that others leave a lease which is not renewed. */
const DURATION = 15;
/** Milliseconds without a renewal after which the leader stops. */
const DEADLINE = 10_000;
const RETRY = 2000;
/** Seconds of real time for one request: one that hangs must leave time for another. */
const seconds = 5;

/** The right to work, for as long as it is not lost. */
export interface Leadership {
  /** Aborts at once when it is lost, and when the whole is to end. */
  readonly signal: AbortSignal;
  /** Whether it holds at this moment: a process that stood still finds out before its timers do. */
  holds(): boolean;
}

/**
 * Works whenever it is the leader, until `signal`; then waits for the work, which may end what it began (it is the leader still), and
 * gives the lease back. Work that fails gives it back, too, and the failure is thrown.
 */
export async function leadWhenElected(
  options: ElectionOptions,
  work: (leadership: Leadership) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = new Candidate(options);
  while (!signal.aborted) {
    try {
      await candidate.acquire(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await lead(candidate, options, work);
  }
}

async function lead(
  candidate: Candidate,
  { clock, log, identity }: ElectionOptions,
  work: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  log.log('info', 'is the leader', { identity });
  const lost = new AbortController();
  const over = new AbortController();
  const holds = () => !lost.signal.aborted && clock.monotonic() - candidate.renewed < DEADLINE;
  const lose = () => lost.abort(new DOMException('the lease was lost', 'AbortError'));
  // Not only between renewals: one that hangs must not keep it alive.
  const watch = () => {
    if (over.signal.aborted) return;
    if (!holds()) return lose();
    forget = clock.after(DEADLINE - (clock.monotonic() - candidate.renewed), watch);
  };
  let forget = clock.after(DEADLINE, watch);
  const renewing = candidate.keepRenewing(AbortSignal.any([over.signal, lost.signal])).catch((error: unknown) => {
    if (over.signal.aborted) return;
    log.log('warn', 'the lease was lost', { identity, reason: messageOf(error) });
    lose();
  });
  try {
    await work({ signal: lost.signal, holds });
  } catch (error) {
    if (!lost.signal.aborted) throw error;
  } finally {
    over.abort();
    forget();
    await renewing;
    if (!lost.signal.aborted) await candidate.release();
    log.log('info', 'is no longer the leader', { identity });
  }
}

class Candidate {
  /** When the last renewal that worked was begun, by the monotonic clock. */
  renewed = 0;
  readonly #options: ElectionOptions;
  readonly #path: string;
  /** The lease as it was seen last, and when it was first seen so. */
  #seen: { record: LeaseRecord; at: number } | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#path = leasesPath(options.lease);
  }

  async acquire(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#options;
    for (;;) {
      try {
        if (await this.#try(signal)) return;
      } catch (error) {
        signal.throwIfAborted();
        if (!isLost(error)) log.log('warn', 'the lease is not read', { reason: messageOf(error) });
      }
      await sleep(clock, backoff(0, RETRY, RETRY * 2, random), signal);
    }
  }

  /** Until it fails because somebody else has it; other failures are tried again, and the deadline decides. */
  async keepRenewing(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    for (;;) {
      await sleep(clock, RETRY, signal);
      try {
        await this.#write(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isCode(error, 'ERR_CLUSTER_CONFLICT')) {
          // What was sent may have been stored and its answer lost: then it is still ours.
          const record = await this.#read(signal).catch(() => undefined);
          if (record && record.holder !== this.#options.identity) throw error;
          continue;
        }
        if (isLost(error)) throw error;
        log.log('warn', 'the lease is not renewed', { reason: messageOf(error) });
      }
    }
  }

  async release(): Promise<void> {
    const { identity, log } = this.#options;
    const signal = new AbortController().signal;
    try {
      // A renewal that was under way may have been stored, so its version is not known.
      const record = await this.#read(signal);
      if (record?.holder !== identity) return;
      await this.#put({ ...record, holder: '', seconds: 1 }, record.resourceVersion, signal);
    } catch (error) {
      log.log('warn', 'the lease is not given back; it runs out', { reason: messageOf(error) });
    }
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    const { clock, identity, lease, api } = this.#options;
    const record = await this.#read(signal);
    const begin = clock.monotonic();
    if (!record) {
      const fresh = { holder: identity, seconds: DURATION, transitions: 0, acquired: microTime(clock.now()) };
      const document = await api.create(this.#path, leaseDocument(lease, fresh, clock.now()), {
        signal,
        seconds,
      });
      this.#seen = { record: recordOf(document), at: begin };
      this.renewed = begin;
      return true;
    }
    const since = this.#seen?.at ?? begin;
    const isFree = record.holder === '' || record.holder === identity;
    if (!isFree && begin - since < record.seconds * 1000) return false;
    const transitions = record.transitions + (record.holder === identity ? 0 : 1);
    const acquired = microTime(clock.now());
    await this.#put({ holder: identity, seconds: DURATION, transitions, acquired }, record.resourceVersion, signal);
    this.renewed = begin;
    return true;
  }

  async #write(signal: AbortSignal): Promise<void> {
    const record = this.#seen?.record;
    if (!record) throw new Error('there is no lease');
    const begin = this.#options.clock.monotonic();
    await this.#put(record, record.resourceVersion, signal);
    this.renewed = begin;
  }

  async #read(signal: AbortSignal): Promise<LeaseRecord | undefined> {
    const { api, lease, clock } = this.#options;
    const asked = api.get(`${this.#path}/${encodeURIComponent(lease.name)}`, { signal, seconds });
    const found = await orAbsent(asked, 'ERR_CLUSTER_NOT_FOUND');
    if (found === undefined) return undefined;
    const record = recordOf(found);
    if (this.#seen?.record.resourceVersion !== record.resourceVersion) {
      this.#seen = { record, at: clock.monotonic() };
    }
    return record;
  }

  async #put(record: Omit<LeaseRecord, 'resourceVersion'>, version: string, signal: AbortSignal): Promise<void> {
    const { api, lease, clock } = this.#options;
    const body = leaseDocument(lease, record, clock.now(), version);
    const document = await api.replace(`${this.#path}/${encodeURIComponent(lease.name)}`, body, {
      signal,
      seconds,
    });
    this.#seen = { record: recordOf(document), at: clock.monotonic() };
  }
}

function isLost(error: unknown): boolean {
  return ['ERR_CLUSTER_CONFLICT', 'ERR_CLUSTER_NOT_FOUND', 'ERR_CLUSTER_EXISTS'].some((code) => isCode(error, code));
}
