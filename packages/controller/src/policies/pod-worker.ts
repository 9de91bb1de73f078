/** One look at one pod: whether its annotation, its end or the drain of its node is a cause for a policy. */
import { randomBytes } from 'node:crypto';
import { harmless, isCode } from '@stillframe/core';
import { podPath } from '@stillframe/kubernetes';
import type { Store } from '../cache/store.ts';
import type { Ports } from '../ports.ts';
import { CHECKPOINT_ANNOTATION, REQUEST_ANNOTATION } from '../resources/names.ts';
import type { Policy } from '../resources/object.ts';
import type { Drains } from './nodes.ts';
import type { PodFacts } from './pods.ts';
import { judgeWish, policiesFor, trigger, type Wish } from './trigger.ts';

export interface PodPorts {
  readonly ports: Ports;
  readonly pods: Store<PodFacts>;
  readonly policies: Store<Policy>;
  readonly drains: Drains;
  /** A cause was left, or became something. */
  readonly judged: (policy: Policy, trigger: string, result: string) => void;
}

/** Milliseconds until a pod is looked at that somebody changed. */
const AGAIN = 1000;

export class PodWorker {
  readonly #with: PodPorts;

  constructor(ports: PodPorts) {
    this.#with = ports;
  }

  /** Milliseconds until it is to be looked at again: where a limit allows more by then. */
  async work(key: string, signal: AbortSignal): Promise<number | undefined> {
    const pod = this.#with.pods.get(key);
    if (!pod) return undefined;
    const policies = policiesFor(this.#with.policies, pod);
    if (policies.length === 0 || pod.running.length === 0) return undefined;
    const waits = [
      pod.leaving === undefined
        ? await this.#drained(pod, policies, signal)
        : await this.#evicted(pod, policies, pod.leaving, signal),
      await this.#annotated(pod, policies, signal),
    ].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  async #evicted(pod: PodFacts, policies: readonly Policy[], why: string, signal: AbortSignal) {
    const cause = { trigger: 'eviction', id: pod.uid, reason: `the pod is about to go: ${harmless(why)}` } as const;
    const wanting = policies.filter(({ spec }) => spec.triggers?.eviction === true);
    return await this.#each(
      wanting.map((policy) => ({ policy, pod, cause })),
      signal,
    );
  }

  async #drained(pod: PodFacts, policies: readonly Policy[], signal: AbortSignal) {
    const since = this.#with.drains.since(pod.node);
    if (since === undefined || pod.stays) return undefined;
    const cause = { trigger: 'drain', id: pod.node, reason: `node ${harmless(pod.node)} was cordoned` } as const;
    const wanting = policies.filter(({ spec }) => spec.triggers?.drain === true);
    return await this.#each(
      wanting.map((policy) => ({ policy, pod, cause, since })),
      signal,
    );
  }

  async #each(wishes: readonly Wish[], signal: AbortSignal): Promise<number | undefined> {
    let wait: number | undefined;
    for (const wish of wishes) {
      const judgement = await trigger(this.#with.ports, wish, signal);
      // A pod that goes is seen many times; that it was captured already is no news.
      if (judgement.result !== 'duplicate') this.#with.judged(wish.policy, wish.cause.trigger, judgement.result);
      if (judgement.result === 'limited') wait = Math.min(wait ?? judgement.wait, judgement.wait);
    }
    return wait;
  }

  /**
   * The annotation first becomes another one with the name of the Checkpoint, in one request with its own going; then that is made; then
   * the other goes. So each is one Checkpoint, and it can be set anew. Where a limit is reached it waits.
   */
  async #annotated(pod: PodFacts, policies: readonly Policy[], signal: AbortSignal): Promise<number | undefined> {
    const policy = policies.find(({ spec }) => spec.triggers?.annotation === true);
    const begun = requestOf(pod.request);
    if (!policy || (pod.annotation === undefined && !begun)) return undefined;
    const value = begun?.container ?? pod.annotation ?? '';
    const container = pod.running.find(({ name }) => name === value)?.name;
    const id = begun?.id ?? randomBytes(5).toString('hex');
    const cause = { trigger: 'annotation', id: 'annotation', reason: 'the pod was annotated' } as const;
    const wish = { policy, pod, cause, container, name: `${policy.name}-${id}` };
    try {
      const judgement = judgeWish(this.#with.ports, wish);
      if (judgement.result === 'limited') {
        this.#with.judged(policy, 'annotation', 'limited');
        return judgement.wait;
      }
      if (!begun) {
        const annotations = { [CHECKPOINT_ANNOTATION]: null, [REQUEST_ANNOTATION]: `${id}/${container ?? ''}` };
        await this.#patch(pod, { resourceVersion: pod.resourceVersion, annotations }, signal);
      }
      await trigger(this.#with.ports, wish, signal);
      this.#with.judged(policy, 'annotation', 'make');
      await this.#patch(pod, { annotations: { [REQUEST_ANNOTATION]: null } }, signal);
      return undefined;
    } catch (error) {
      // Somebody changed the pod meanwhile, or it went: what is there now is looked at next.
      if (!isCode(error, 'ERR_CLUSTER_CONFLICT') && !isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
      return AGAIN;
    }
  }

  async #patch({ kubeNamespace, name, uid }: PodFacts, metadata: object, signal: AbortSignal): Promise<void> {
    const path = podPath({ kubeNamespace, pod: name });
    await this.#with.ports.api.patch(path, { metadata: { uid, ...metadata } }, { signal });
  }
}

/** What was begun for an annotation; whoever annotates pods can write anything there. */
function requestOf(text: string | undefined): { id: string; container: string } | undefined {
  const [, id, container = ''] = /^([0-9a-f]{10})\/([a-z0-9-]{0,63})$/.exec(text ?? '') ?? [];
  return id === undefined ? undefined : { id, container };
}
