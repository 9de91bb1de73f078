/** How much is too much: judged by the Checkpoints that there are, so that no restart forgets it. */
import type { Checkpoint } from '../resources/object.ts';
import type { PolicySpec } from '../resources/policy.ts';

export interface Cause {
  readonly trigger: 'annotation' | 'falco' | 'eviction' | 'drain';
  /** What makes two the same, as the name of a rule. */
  readonly id: string;
  /** In words, harmless or not. */
  readonly reason: string;
}

export type Judgement =
  | { readonly result: 'make' | 'duplicate' }
  | { readonly result: 'limited'; readonly wait: number };

const HOUR = 3_600_000;
const DEDUPLICATE = 300_000;
/** Where a policy says nothing: a pod that makes alerts of itself must not stand still for ever. */
const DEFAULTS = { perPod: { count: 3, per: HOUR }, perNode: { count: 30, per: HOUR } };

export interface Circumstances {
  readonly now: number;
  /** Of this pod, made by this policy. */
  readonly ofPod: readonly Checkpoint[];
  /** Of this node, made by any policy. */
  readonly ofNode: readonly Checkpoint[];
  /** When the drain began that is the cause. */
  readonly since?: number | undefined;
  /** The label that a Checkpoint of this cause has. */
  readonly cause: string;
}

/** `limited` says in how many milliseconds it would no longer be. */
export function judge(
  spec: PolicySpec,
  { trigger }: Cause,
  { now, ofPod, ofNode, since, cause }: Circumstances,
): Judgement {
  const same = ofPod.filter(({ labels }) => labels['trigger'] === trigger);
  // A pod goes once, and is drained once; whoever annotates it means it.
  const isDuplicate =
    trigger === 'eviction'
      ? same.length > 0
      : trigger === 'drain'
        ? same.some(({ created }) => created >= (since ?? 0) - 1000)
        : trigger === 'falco' &&
          same.some(
            ({ labels, created }) => labels['cause'] === cause && now - created < (spec.deduplicate ?? DEDUPLICATE),
          );
  if (isDuplicate) return { result: 'duplicate' };
  const { perPod = DEFAULTS.perPod, perNode = DEFAULTS.perNode } = spec.rateLimit ?? {};
  const wait = Math.max(waitOf(ofPod, perPod, now), waitOf(ofNode, perNode, now));
  return wait > 0 ? { result: 'limited', wait } : { result: 'make' };
}

/** Milliseconds that a Checkpoint of this policy may be counted after its making. */
export function countingTime({ rateLimit, deduplicate = DEDUPLICATE }: PolicySpec): number {
  const { perPod = DEFAULTS.perPod, perNode = DEFAULTS.perNode } = rateLimit ?? {};
  return Math.max(perPod.per, perNode.per, deduplicate);
}

function waitOf(made: readonly Checkpoint[], { count, per }: { count: number; per: number }, now: number): number {
  const recent = made.map(({ created }) => created).filter((created) => now - created < per);
  if (recent.length < count) return 0;
  const freeing = recent.sort((a, b) => b - a)[count - 1] ?? now;
  return Math.max(1, freeing + per - now);
}
