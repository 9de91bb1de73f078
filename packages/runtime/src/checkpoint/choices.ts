/** What a container's annotations, and the daemon's configuration before them, say of its checkpoints. */
import type { TargetEngine } from '@stillframe/checkpoint';
import { OVER_BUDGET, parsePause } from '@stillframe/core';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { ContainerRecord } from '../store/records.ts';
import { type CriuOptions, criuOptionsOf, leavesRunning, timeLimit } from './criu-options.ts';
import type { PauseBudget } from './pause-budget.ts';

const PREFIX = 'io.stillframe.checkpoint/';

export interface CaptureChoices {
  criu: CriuOptions;
  /** False: the container ends once its archive is complete, its connections without a word to the other side. */
  leaveRunning: boolean;
  /** `live`: the filesystem's changes are taken after the freeze, so later than the memory. */
  rootfs: 'frozen' | 'live';
  /** Engine whose layout the archive has; each is restored here. */
  target: TargetEngine;
  /** Seconds that the capture may take; the container runs on where it takes longer. */
  timeout: number | undefined;
  /** How long the container may stand still; undefined where nobody cares. */
  budget: PauseBudget | undefined;
}

/** Throws ERR_CONTAINER_INVALID for a value that is not understood. */
export function choicesOf(
  { criuDefaults, networkLock }: Pick<NodeContext, 'criuDefaults' | 'networkLock'>,
  record: Pick<ContainerRecord, 'annotations'>,
): CaptureChoices {
  const annotations = { ...criuDefaults, ...record.annotations };
  return {
    criu: criuOptionsOf(annotations, networkLock),
    leaveRunning: leavesRunning(annotations),
    rootfs: oneOf(annotations, 'rootfs', ['frozen', 'live']),
    target: oneOf(annotations, 'for', ['cri-o', 'containerd']),
    timeout: timeLimit(annotations),
    budget: budgetOf(annotations),
  };
}

/** Throws ERR_CONTAINER_INVALID for a time or a choice that is not understood. */
function budgetOf(annotations: Readonly<Record<string, string>>): PauseBudget | undefined {
  const text = annotations[`${PREFIX}max-pause`];
  const overBudget = oneOf(annotations, 'over-budget', OVER_BUDGET);
  if (text === undefined) return undefined;
  const maxPause = parsePause(text);
  if (maxPause !== undefined) return { maxPause, overBudget };
  throw runtimeError('ERR_CONTAINER_INVALID', `annotation ${PREFIX}max-pause is ${JSON.stringify(text)}`, {
    hint: 'it takes a time up to an hour, as 500ms or 2s',
  });
}

/** The first of `allowed` where the annotation is not there. */
function oneOf<T extends string>(
  annotations: Readonly<Record<string, string>>,
  name: string,
  allowed: readonly [T, ...T[]],
): T {
  const value = annotations[PREFIX + name] ?? allowed[0];
  const known = allowed.find((each) => each === value);
  if (known !== undefined) return known;
  throw runtimeError('ERR_CONTAINER_INVALID', `annotation ${PREFIX}${name} is ${JSON.stringify(value)}`, {
    hint: `it takes ${allowed.map((each) => `"${each}"`).join(' or ')}`,
  });
}

/**
 * Mode of a new container's root folder: that which the engine gives to its own, since CRIU restores a process only below
 * a root of the very mode that it had. CRI-O and podman have 0555 whatever the image says, containerd 0755.
 */
export function rootMode(target: TargetEngine): number {
  return target === 'containerd' ? 0o755 : 0o555;
}
