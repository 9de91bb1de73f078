/** What a client of ours tells a server of ours that the CRI has no field for. */
import type { OverBudget } from '@stillframe/core';

/** Metadata of CheckpointContainer: `frozen` or `live`, as the annotation `io.stillframe.checkpoint/rootfs` of a container. */
export const ROOTFS_METADATA = 'io.stillframe.checkpoint.rootfs';

/** Metadata of CheckpointContainer and CheckpointPod: how long what is captured may stand still, as `500ms` or `2s`. */
export const MAX_PAUSE_METADATA = 'io.stillframe.checkpoint.max-pause';

/** Metadata beside it: what happens where that does not hold, `refuse` (the default), `abort` or `proceed`. */
export const OVER_BUDGET_METADATA = 'io.stillframe.checkpoint.over-budget';

/** Metadata of CheckpointContainer and CheckpointPod: who asks, by their own account; JSON, percent-encoded. */
export const ASKED_BY_METADATA = 'io.stillframe.checkpoint.asked-by';

/** Annotation of PullImage's image: the name that an image of a local file gets. */
export const IMAGE_NAME_ANNOTATION = 'io.stillframe.image/name';

/** How a capture is to be taken, beyond the CRI's request. */
export interface CaptureWishes {
  readonly rootfs?: 'frozen' | 'live' | undefined;
  readonly budget?: CaptureBudget | undefined;
  /** For the evidence; nothing is done by it. */
  readonly askedBy?: ClaimedAsker | undefined;
}

/** Who asks, by their own account: a socket proves no name. */
export interface ClaimedAsker {
  readonly user: string;
  readonly host: string;
  /** RFC 3339. */
  readonly time: string;
}

/** How long it may stand still. */
export interface CaptureBudget {
  /** As `500ms`. */
  readonly maxPause: string;
  readonly overBudget: OverBudget;
}

/** The same as metadata of CheckpointContainer and CheckpointPod; empty where nothing is wished for. */
export function captureMetadata({ rootfs, budget, askedBy }: CaptureWishes): Record<string, string> {
  return {
    ...(rootfs === undefined ? {} : { [ROOTFS_METADATA]: rootfs }),
    ...(askedBy && { [ASKED_BY_METADATA]: encodeURIComponent(JSON.stringify(askedBy).toWellFormed()) }),
    ...(budget && { [MAX_PAUSE_METADATA]: budget.maxPause, [OVER_BUDGET_METADATA]: budget.overBudget }),
  };
}
