/** What a capture is asked for beside the CRI's request, which has no room for it. */
import { harmless, type OverBudget } from '@stillframe/core';
import { type CriClient, captureMetadata } from '@stillframe/cri/client';
import { cliError } from '../usage.ts';

/** What commander gives for the options. */
export interface CaptureChoice {
  rootfs?: 'frozen' | 'live';
  /** As `500ms`. */
  maxPause?: string;
  overBudget: OverBudget;
}

/** Throws ERR_USAGE_ARGUMENT for a runtime that would pass over the option without a word. */
export function metadataFor(
  { version }: CriClient,
  { rootfs, maxPause, overBudget }: CaptureChoice,
): Record<string, string> {
  const metadata = captureMetadata({ rootfs, budget: maxPause === undefined ? undefined : { maxPause, overBudget } });
  if (Object.keys(metadata).length === 0 || version.runtimeName === 'stillframe') return metadata;
  const option = rootfs === undefined ? '--max-pause' : '--rootfs';
  throw cliError('ERR_USAGE_ARGUMENT', `${option}: ${harmless(version.runtimeName)} has no such choice`, {
    hint: 'leave it out, or checkpoint a container of the embedded node',
  });
}
