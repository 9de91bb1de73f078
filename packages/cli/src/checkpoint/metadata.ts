/** What a capture is asked for beside the CRI's request, which has no room for it. */
import { harmless } from '@stillframe/core';
import { type CriClient, MAX_PAUSE_METADATA, OVER_BUDGET_METADATA, ROOTFS_METADATA } from '@stillframe/cri/client';
import type { OverBudget } from '@stillframe/runtime';
import { cliError } from '../usage.ts';

export interface CaptureWishes {
  rootfs?: 'frozen' | 'live';
  /** As `500ms`. */
  maxPause?: string;
  overBudget: OverBudget;
}

/** Throws ERR_USAGE_ARGUMENT for a runtime that would pass over the option without a word. */
export function metadataFor(
  { version }: CriClient,
  { rootfs, maxPause, overBudget }: CaptureWishes,
): Record<string, string> {
  const metadata = {
    ...(rootfs === undefined ? {} : { [ROOTFS_METADATA]: rootfs }),
    ...(maxPause === undefined ? {} : { [MAX_PAUSE_METADATA]: maxPause, [OVER_BUDGET_METADATA]: overBudget }),
  };
  if (Object.keys(metadata).length === 0 || version.runtimeName === 'stillframe') return metadata;
  const option = rootfs === undefined ? '--max-pause' : '--rootfs';
  throw cliError('ERR_USAGE_ARGUMENT', `${option}: ${harmless(version.runtimeName)} has no such choice`, {
    hint: 'leave it out, or checkpoint a container of the embedded node',
  });
}
