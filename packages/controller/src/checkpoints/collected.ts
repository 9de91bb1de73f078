/** What the collector of a node reports, taken over where it fits what was asked for: any node can write anything there. */
import { posix } from 'node:path';
import { archivePlace, namedArchive } from '@stillframe/kubernetes';
import { sameJson } from '../resources/canonical.ts';
import type { CheckpointStatus } from '../resources/checkpoint.ts';
import { bounded, type Fact } from '../resources/conditions.ts';
import type { Checkpoint } from '../resources/object.ts';

export interface Adoption {
  readonly change: Pick<CheckpointStatus, 'archive' | 'findings' | 'phase'>;
  readonly facts: readonly Fact[];
}

/** Undefined where nothing is reported, or all of it has been taken over. */
export function adoptionOf(checkpoint: Checkpoint): Adoption | undefined {
  const { collected, archive } = checkpoint.status;
  if (!collected) return undefined;
  const misfit = misfitOf(checkpoint);
  if (misfit !== undefined) return { change: {}, facts: [delivered('False', 'ReportRefused', misfit)] };
  const { size, digest, pauseMicroseconds, reference, location, findings } = collected;
  const isFound = checkpoint.status.phase === 'Unknown' || archive?.fromCollector === true;
  const path = archive?.path ?? (archivePlace(collected.path ?? '') ? collected.path : undefined) ?? collected.archive;
  const adopted = { path, ...defined({ size, digest, pauseMicroseconds, reference, location }) };
  const facts = [...(isFound ? [FOUND] : []), ...deliveryOf(checkpoint)];
  return {
    change: {
      archive: isFound ? { ...adopted, fromCollector: true } : adopted,
      ...(findings ? { findings } : {}),
      ...(isFound ? { phase: 'Captured' } : {}),
    },
    facts,
  };
}

/** Whether it is there already. */
export function isAdopted({ status }: Checkpoint, { change, facts }: Adoption): boolean {
  const parts = ['archive', 'findings', 'phase'] as const;
  return (
    parts.every((part) => change[part] === undefined || sameJson(change[part], status[part])) &&
    facts.every(({ type, status: wanted, reason, message }) => {
      const known = status.conditions?.find((each) => each.type === type);
      return known?.status === wanted && known.reason === reason && known.message === bounded(message);
    })
  );
}

const FOUND: Fact = {
  type: 'Captured',
  status: 'True',
  reason: 'ArchiveFound',
  message: 'the kubelet’s answer was lost; the collector of the node found the archive that was asked for',
};

function deliveryOf({ spec: { destination }, status: { collected } }: Checkpoint): Fact[] {
  if (!destination || destination.kind === 'Node') return [];
  if (collected?.error !== undefined) return [delivered('False', 'CollectorFailed', collected.error)];
  const place = destination.kind === 'Registry' ? collected?.reference : collected?.location;
  return place === undefined
    ? [delivered('False', 'Waiting', 'the collector has not said where it is')]
    : [delivered('True', destination.kind === 'Registry' ? 'Pushed' : 'Collected', place)];
}

export function delivered(status: Fact['status'], reason: string, message: string): Fact {
  return { type: 'Delivered', status, reason, message };
}

/** Why the controller would not take the report over; undefined where it would. */
export function misfitOf({ spec, kubeNamespace, status }: Checkpoint): string | undefined {
  const { collected, archive, claim, node, container = '' } = status;
  if (!collected || !claim) return 'nothing was asked for';
  if (collected.node !== node) return `the archive is on ${node}, the report of ${collected.node}`;
  if (archive && archive.fromCollector !== true) {
    const name = posix.basename(archive.path);
    return collected.archive === name ? undefined : `the archive is ${name}, the report about ${collected.archive}`;
  }
  const [from, to] = [Date.parse(claim.requestedAt), Date.parse(claim.until)];
  const fits = namedArchive(collected.archive, { kubeNamespace, pod: spec.podName, container, from, to });
  return fits ? undefined : `${collected.archive} is not what was asked for at ${claim.requestedAt}`;
}

function defined<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
