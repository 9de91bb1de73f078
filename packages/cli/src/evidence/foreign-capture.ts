/** What a command knows of a capture that it had another runtime make, and how evidence of one is told to people. */
import { harmless, microsecondsText } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { type CaptureAsker, evidencePath, type RecordedCapture } from '@stillframe/evidence';
import type { FoundContainer } from '../commands/address.ts';
import type { ForeignCapture } from './after-writing.ts';

/** `took`: milliseconds from asking to the answer. */
export function foreignCapture(
  client: Pick<CriClient, 'version'>,
  { pod, container }: FoundContainer,
  { startedAt, took, asker }: { startedAt: Date; took: number; asker: CaptureAsker },
): ForeignCapture {
  const { id, name, requestedImage: image = container.image, imageRef: imageID = '' } = container;
  return {
    container: { id, name, podName: pod.pod, kubeNamespace: pod.kubeNamespace, image, imageID },
    runtime: runtimeOf(client),
    startedAt,
    finishedAt: new Date(startedAt.getTime() + took),
    pauseAtMost: Math.ceil(took * 1000),
    askedBy: [asker],
  };
}

/** Name and version of the runtime, as it says them. */
export function runtimeOf({ version }: Pick<CriClient, 'version'>): string {
  return harmless(`${version.runtimeName} ${version.runtimeVersion}`);
}

/** The pause, or what is known of it. */
export function pauseText(facts: Pick<RecordedCapture, 'truePause' | 'pauseAtMost'> | undefined): string {
  if (facts?.truePause !== undefined) return microsecondsText(facts.truePause);
  if (facts?.pauseAtMost === undefined) return 'not recorded by this runtime';
  return `not recorded by this runtime; at most ${microsecondsText(facts.pauseAtMost)}`;
}

/** Where evidence lies, and whether anybody vouches for it. */
export function evidenceText(
  archive: string,
  { signed, digests }: Pick<RecordedCapture, 'signed' | 'digests'>,
): string {
  const later = digests ? ', of the finished archive' : '';
  return `${evidencePath(archive)}${later}${signed ? '' : ', not signed'}`;
}

/** One sentence on digests that came later; undefined where they did not. Raw text of the evidence. */
export function laterText({ digests, truePause, pauseAtMost }: RecordedCapture): string | undefined {
  if (!digests) return undefined;
  const { by, at, after } = digests;
  const pause = truePause === undefined ? `; the true pause is ${pauseText({ truePause, pauseAtMost })}` : '';
  return `digests were taken after writing, by ${by.user} on ${by.host} at ${at}, ${microsecondsText(after)} after the archive was last changed${pause}`;
}
