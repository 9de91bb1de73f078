/** A cause, and what a policy makes of it: a Checkpoint of each container that is meant, or nothing. */
import { selects } from '@stillframe/kubernetes';
import type { Store } from '../cache/store.ts';
import { labelValue, makeCheckpoint, shortDigest } from '../checkpoints/make.ts';
import type { Ports } from '../ports.ts';
import { COUNTS_UNTIL } from '../resources/names.ts';
import type { Policy } from '../resources/object.ts';
import { type Cause, countingTime, type Judgement, judge } from './limits.ts';
import type { PodFacts } from './pods.ts';

export interface Wish {
  readonly policy: Policy;
  readonly pod: PodFacts;
  readonly cause: Cause;
  /** Only this container; else that of the policy, else all that run. */
  readonly container?: string | undefined;
  /** Beginning of the name, where the same wish must never become two. */
  readonly name?: string | undefined;
  readonly since?: number | undefined;
}

/** Containers of one pod. */
const MOST = 5;

/** Policies of the pod's namespace that select it, by name. */
export function policiesFor(policies: Store<Policy>, pod: PodFacts): readonly Policy[] {
  return policies
    .group('namespace', pod.kubeNamespace)
    .filter((policy) => policy.fault === undefined && !policy.deleting && selects(policy.spec.selector, pod.labels))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a Checkpoint may be made of it now. */
export function judgeWish({ checkpoints, clock }: Ports, { policy, pod, cause, since }: Wish): Judgement {
  const ofPod = checkpoints
    .group('policy', policy.key)
    .filter(({ labels }) => labels['pod-uid'] === labelValue(pod.uid));
  const ofNode = checkpoints.group('node', labelValue(pod.node));
  return judge(policy.spec, cause, { now: clock.now(), ofPod, ofNode, since, cause: causeLabel(cause) });
}

/** Judges it, and makes it where it may be. Throws what the API server says. */
export async function trigger(ports: Ports, wish: Wish, signal: AbortSignal): Promise<Judgement> {
  const judgement = judgeWish(ports, wish);
  if (judgement.result === 'make') await carryOut(ports, wish, signal);
  return judgement;
}

async function carryOut(ports: Ports, wish: Wish, signal: AbortSignal): Promise<void> {
  const { policy, pod, cause, since } = wish;
  const { kubeNamespace, uid, node } = pod;
  const label = causeLabel(cause);
  // The same cause at the same moment has the same name, whoever sees it.
  const moment = cause.trigger === 'eviction' ? '' : String(since ?? Math.floor(ports.clock.now() / 60_000));
  const until = String(Math.ceil((ports.clock.now() + countingTime(policy.spec)) / 1000));
  for (const container of containersOf(wish)) {
    const own = shortDigest([uid, container, label, moment].join('\0'), 12);
    const wanted = {
      ...{ kubeNamespace, podName: pod.name, podUID: uid, container },
      name: wish.name === undefined ? `${policy.name}-${own}` : `${wish.name}-${shortDigest(container, 6)}`,
      labels: {
        policy: policy.name,
        trigger: cause.trigger,
        cause: label,
        'pod-uid': uid,
        node,
        [COUNTS_UNTIL]: until,
      },
      reason: cause.reason,
      template: policy.spec,
    };
    await makeCheckpoint(ports, wanted, signal);
  }
}

function causeLabel({ trigger: kind, id }: Cause): string {
  return shortDigest(`${kind}\0${id}`, 16);
}

function containersOf({ policy, pod, container }: Wish): readonly string[] {
  const named = container ?? policy.spec.container;
  if (named !== undefined) return [named];
  return pod.running.map(({ name }) => name).slice(0, MOST);
}
