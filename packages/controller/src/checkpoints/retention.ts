/** When a Checkpoint object goes: by its own time to live, and by how many newer ones of its container there are. */
import { planRetention, type RetainedUnit } from '@stillframe/checkpoint';
import type { Store } from '../cache/store.ts';
import { containerGroup, isOver } from '../ports.ts';
import { COUNTS_UNTIL } from '../resources/names.ts';
import type { Checkpoint } from '../resources/object.ts';

/** Milliseconds until it goes; undefined for never. */
export function timeLeft(checkpoint: Checkpoint, now: number): number | undefined {
  const { spec, status } = checkpoint;
  if (spec.retention?.ttl === undefined || status.completedAt === undefined || heldBy(checkpoint)) return undefined;
  return Math.max(0, Date.parse(status.completedAt) + spec.retention.ttl - now, countedFor(checkpoint, now));
}

/**
 * Milliseconds that the limits of the policy that made it may still count it, as a label says in seconds since 1970. One that went
 * sooner would be forgotten by them, so that a policy that keeps few would capture without end.
 */
export function countedFor({ labels }: Checkpoint, now: number): number {
  const text = labels[COUNTS_UNTIL] ?? '';
  return /^\d{1,11}$/.test(text) ? Math.max(0, Number(text) * 1000 - now) : 0;
}

/** Those of the same container that go because this one says how many stay. */
export function overCount(checkpoint: Checkpoint, all: Store<Checkpoint>, now: number): readonly Checkpoint[] {
  const keep = checkpoint.spec.retention?.keep;
  if (keep === undefined) return [];
  const members = all.group('container', containerGroup(checkpoint)).filter((each) => isOver(each) && !each.deleting);
  return planRetention(
    members.map((each) => unitOf(each, now)),
    { rules: [{ per: 'container', keep }] },
    now,
  )
    .units.filter(({ goes }) => goes)
    .map(({ unit }) => unit.checkpoint);
}

interface CheckpointUnit extends RetainedUnit {
  readonly checkpoint: Checkpoint;
}

function unitOf(checkpoint: Checkpoint, now: number): CheckpointUnit {
  const { kubeNamespace, key, spec, created } = checkpoint;
  const why = heldBy(checkpoint) ?? (countedFor(checkpoint, now) > 0 ? 'limits count it' : undefined);
  return {
    ...{ checkpoint, name: key, time: created, parts: new Map(), pinned: checkpoint.pinned },
    groups: {
      container: containerGroup(checkpoint),
      pod: `${kubeNamespace}/${spec.podName}`,
      namespace: kubeNamespace,
    },
    ...(why === undefined ? {} : { held: { why, counts: true } }),
  };
}

/** Why it must stay whatever its age: the object is what people would look for. */
export function heldBy({ pinned, spec, status }: Checkpoint): string | undefined {
  if (pinned) return 'it is pinned';
  if (status.quarantine) return 'it shuts its pod off';
  const isWaiting = spec.destination !== undefined && spec.destination.kind !== 'Node' && status.phase === 'Captured';
  const isThere = status.conditions?.some(({ type, status: holds }) => type === 'Delivered' && holds === 'True');
  return isWaiting && isThere !== true ? 'its archive has not been delivered' : undefined;
}
