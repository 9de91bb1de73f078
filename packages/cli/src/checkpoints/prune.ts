/** Retention over a folder, for the command and for the node. */
import { planRetention, type RetentionPlan, type RetentionPolicy } from '@stillframe/checkpoint';
import { goingOf } from '../retention/view.ts';
import { holdUsed } from './in-use.ts';
import { completeRemovals, type Removal, removeUnits } from './remove.ts';
import { scanFolder } from './scan.ts';
import type { CheckpointUnit } from './unit.ts';

/** A folder of checkpoints, and where the node that works in it notes what it does. */
export interface PrunedFolder {
  readonly folder: string;
  readonly operations: string;
}

/** What a policy means for a folder now. Changes nothing. */
export async function planFolder(
  { folder, operations }: PrunedFolder,
  policy: RetentionPolicy,
  options: { signal?: AbortSignal; now?: number } = {},
): Promise<RetentionPlan<CheckpointUnit>> {
  const units = await holdUsed(await scanFolder(folder, options), operations);
  return planRetention(units, policy, options.now ?? Date.now());
}

/** Removes what a plan says, after what an earlier removal left half done. What was changed or pinned since stays. */
export async function carryOut(
  { folder }: PrunedFolder,
  plan: RetentionPlan<CheckpointUnit>,
  done: (unit: CheckpointUnit, result: Removal) => void,
  signal?: AbortSignal,
): Promise<void> {
  await completeRemovals(folder);
  await removeUnits(goingOf(plan), done, signal);
}
