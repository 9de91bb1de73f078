/** What a capture is asked for beside the CRI's request, which has no room for it. */
import { harmless, type OverBudget } from '@stillframe/core';
import { type ClaimedAsker, type CriClient, captureMetadata } from '@stillframe/cri/client';
import type { CaptureAsker } from '@stillframe/evidence';
import { cliError } from '../usage.ts';

/** What commander gives for the options. */
export interface CaptureChoice {
  rootfs?: 'frozen' | 'live';
  /** As `500ms`. */
  maxPause?: string;
  overBudget: OverBudget;
  /** Signs evidence that this command makes. */
  signKey?: string;
}

/** Throws ERR_USAGE_ARGUMENT for a runtime that would pass over the option without a word. */
export function metadataFor(
  { version }: CriClient,
  { rootfs, maxPause, overBudget, signKey }: CaptureChoice,
  asker: CaptureAsker,
): Record<string, string> {
  const wishes = { rootfs, budget: maxPause === undefined ? undefined : { maxPause, overBudget } };
  if (version.runtimeName === 'stillframe') {
    if (signKey === undefined) return captureMetadata({ ...wishes, askedBy: claimOf(asker) });
    throw cliError('ERR_USAGE_ARGUMENT', '--sign-key: the node signs with its own key', {
      hint: 'leave it out; `signingKey` of the node’s configuration names that key',
    });
  }
  if (Object.keys(captureMetadata(wishes)).length === 0) return {};
  const option = rootfs === undefined ? '--max-pause' : '--rootfs';
  throw cliError('ERR_USAGE_ARGUMENT', `${option}: ${harmless(version.runtimeName)} has no such choice`, {
    hint: 'leave it out, or checkpoint a container of the embedded node',
  });
}

const claimOf = ({ user, host = '', time }: CaptureAsker): ClaimedAsker => ({ user, host, time });
