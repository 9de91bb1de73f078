/** What a policy has done, in its status: at most every half a minute, and only where it is something new. */
import { isCode } from '@stillframe/core';
import type { Store } from '../cache/store.ts';
import { timeText } from '../clock.ts';
import type { Ports } from '../ports.ts';
import { sameJson } from '../resources/canonical.ts';
import { withFact } from '../resources/conditions.ts';
import { objectPath } from '../resources/names.ts';
import type { Checkpoint, Policy } from '../resources/object.ts';
import type { PolicyStatus } from '../resources/policy.ts';
import type { Findings } from '../resources/shared.ts';

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
const MOST_RULES = 20;

export class PolicyStatusWorker {
  readonly #ports: Ports;
  readonly #policies: Store<Policy>;
  readonly #suppressed: ReadonlyMap<string, number>;

  /** `suppressed`: causes that were left, by the key of the policy. */
  constructor(ports: Ports, policies: Store<Policy>, suppressed: ReadonlyMap<string, number>) {
    this.#ports = ports;
    this.#policies = policies;
    this.#suppressed = suppressed;
  }

  async work(key: string, signal: AbortSignal): Promise<undefined> {
    const policy = this.#policies.get(key);
    if (!policy || policy.deleting) return;
    const { kubeNamespace, name, uid, generation, resourceVersion, fault, status } = policy;
    if (fault !== undefined) {
      const about = { kind: 'CheckpointPolicy', kubeNamespace, name, uid };
      await this.#ports.recorder.record(about, { type: 'Warning', reason: 'NotReadable', message: fault }, signal);
      return;
    }
    const fresh = this.#statusOf(policy);
    const isKnown = Object.entries(fresh).every(([field, value]) =>
      sameJson(value, status[field as keyof PolicyStatus]),
    );
    if (isKnown) return;
    const path = objectPath('checkpointpolicies', policy, 'status');
    const change = { metadata: { uid, resourceVersion }, status: { ...fresh, observedGeneration: generation } };
    try {
      await this.#ports.api.patch(path, change, { signal });
    } catch (error) {
      if (!isCode(error, 'ERR_CLUSTER_NOT_FOUND')) throw error;
    }
  }

  #statusOf({ key, generation, spec, status }: Policy): PolicyStatus {
    const made = this.#ports.checkpoints.group('policy', key);
    const last = Math.max(0, ...made.map(({ created }) => created));
    const { annotation, falco, eviction, drain } = spec.triggers ?? {};
    const hasTrigger = annotation === true || falco !== undefined || eviction === true || drain === true;
    const fact = hasTrigger
      ? ({ type: 'Ready', status: 'True', reason: 'Watching', message: 'pods that it selects are watched' } as const)
      : ({
          type: 'Ready',
          status: 'False',
          reason: 'NoTrigger',
          message: 'it has no trigger, so nothing happens',
        } as const);
    return {
      conditions: withFact(status.conditions, fact, { now: this.#ports.clock.now(), generation }),
      findings: findingsOf(made),
      checkpoints: made.length,
      captured: made.filter((each) => each.status.phase === 'Captured').length,
      suppressed: this.#suppressed.get(key) ?? status.suppressed ?? 0,
      ...(last > 0 ? { lastTriggerTime: timeText(last) } : {}),
    };
  }
}

/** All of them together. */
function findingsOf(made: readonly Checkpoint[]): Findings {
  const all = made.flatMap(({ status }) => status.findings ?? []);
  const counts = SEVERITIES.map((each) => [each, all.reduce((sum, found) => sum + (found[each] ?? 0), 0)] as const);
  const rules = [...new Set(all.flatMap((each) => each.rules ?? []))].sort().slice(0, MOST_RULES);
  const some = counts.filter(([, count]) => count > 0).map(([each, count]) => [each, Math.min(count, 1_000_000)]);
  return { ...Object.fromEntries(some), ...(rules.length > 0 ? { rules } : {}) };
}
