/** A checkpoint in a folder: an archive with what lies beside it, or the folder that CheckpointPod wrote. */
import type { RetainedUnit } from '@stillframe/checkpoint';

/** Whose it is; what a name alone cannot tell is undefined. */
export interface UnitOwner {
  readonly kubeNamespace: string | undefined;
  readonly pod: string;
  /** Undefined for the checkpoint of a whole pod, or where the name leaves a choice. */
  readonly container: string | undefined;
  /** As shown: `NAMESPACE/POD/CONTAINER`, raw. */
  readonly text: string;
}

export interface CheckpointUnit extends RetainedUnit {
  readonly kind: 'archive' | 'pod';
  /** Path of the archive, or of the pod's folder. */
  readonly path: string;
  /** Absolute paths of its archives. */
  readonly archives: readonly string[];
  readonly owner: UnitOwner;
  /** Microseconds that the container stood still, where that is recorded. */
  readonly pause: number | undefined;
  /** `unchecked`: there is evidence and the size is as it says; the digest is not looked at. */
  readonly evidence: 'unchecked' | 'size-differs' | 'unreadable' | 'none';
  /** What its removal must find unchanged. */
  readonly inode: bigint;
}

/** The same with a reason to stay, unless it has one. */
export function hold(unit: CheckpointUnit, why: string, counts: boolean): CheckpointUnit {
  return unit.held ? unit : { ...unit, held: { why, counts } };
}
