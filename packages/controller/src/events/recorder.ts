/** Kubernetes events about an object: the same thing again within ten minutes counts up one that stands there. */
import { createHash } from 'node:crypto';
import { type Logger, messageOf } from '@stillframe/core';
import { apiPath, type ClusterApi } from '@stillframe/kubernetes';
import { type Clock, timeText } from '../clock.ts';
import { bounded } from '../resources/conditions.ts';
import { API_VERSION } from '../resources/names.ts';

export interface About {
  readonly kind: string;
  readonly apiVersion?: string;
  readonly kubeNamespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface EventWords {
  readonly type: 'Normal' | 'Warning';
  /** One word. */
  readonly reason: string;
  readonly message: string;
}

interface Known {
  readonly name: string;
  readonly first: number;
  count: number;
  at: number;
}

/** Milliseconds within which the same is one event. */
const WINDOW = 600_000;
/** Milliseconds between two times that its count is written. */
const QUIET = 120_000;
/** Events that are remembered. */
const MOST = 4096;
const COMPONENT = 'stillframe-controller';

export class EventRecorder {
  readonly #known = new Map<string, Known>();
  readonly #api: ClusterApi;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #identity: string;

  constructor(api: ClusterApi, clock: Clock, log: Logger, identity: string) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#identity = identity;
  }

  /** One that cannot be written is logged, and no failure of what it is about. Throws the reason of the signal. */
  async record(about: About, words: EventWords, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const message = bounded(words.message);
    const id = createHash('sha256').update([about.uid, words.reason, message].join('\0')).digest('hex').slice(0, 16);
    const known = this.#known.get(id);
    try {
      if (known && now - known.first < WINDOW) {
        known.count += 1;
        if (now - known.at >= QUIET) await this.#count(about, known, now, signal);
        return;
      }
      const fresh: Known = {
        name: `${about.name.slice(0, 200).replace(/[-.]+$/, '')}.${id}.${now.toString(36)}`,
        first: now,
        count: 1,
        at: now,
      };
      this.#remember(id, fresh);
      await this.#api.create(this.#path(about), this.#document(about, { ...words, message }, fresh, now), { signal });
    } catch (error) {
      signal.throwIfAborted();
      this.#log.log('warn', 'an event is not written', { about: about.name, reason: messageOf(error) });
    }
  }

  async #count(about: About, known: Known, now: number, signal: AbortSignal): Promise<void> {
    known.at = now;
    const change = { count: known.count, lastTimestamp: timeText(now) };
    await this.#api.patch(`${this.#path(about)}/${encodeURIComponent(known.name)}`, change, { signal });
  }

  #path({ kubeNamespace }: About): string {
    return apiPath('api', 'v1', 'namespaces', kubeNamespace, 'events');
  }

  #remember(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  #document(about: About, words: EventWords, { name, count }: Known, now: number) {
    const { kind, kubeNamespace, uid, apiVersion = API_VERSION } = about;
    const time = timeText(now);
    return {
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: kubeNamespace } },
      involvedObject: { apiVersion, kind, namespace: kubeNamespace, name: about.name, uid },
      ...{ type: words.type, reason: words.reason, message: words.message, count },
      ...{ firstTimestamp: time, lastTimestamp: time },
      source: { component: COMPONENT },
      ...{ reportingComponent: COMPONENT, reportingInstance: this.#identity },
    };
  }
}
