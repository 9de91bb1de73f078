/** An archive that a kubelet answered with, where it lies on this very machine: its evidence, made of it where there is none. */
import { access, constants, lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { openCheckpoint } from '@stillframe/checkpoint';
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import type { CaptureAsker, CaptureEvidence, RecordedCapture, SigningKey } from '@stillframe/evidence';
import { type ContainerAddress, parseArchiveName } from '@stillframe/kubelet/names';
import { noteAccess } from '../custody/note.ts';
import { attestForCommand } from '../evidence/for-command.ts';
import { readEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';

/** A request to a kubelet, and what came of it. */
export interface KubeletCapture {
  readonly archive: string;
  readonly kubelet: string;
  readonly container: ContainerAddress;
  /** When it was asked, and milliseconds until it answered. */
  readonly startedAt: Date;
  readonly took: number;
  readonly asker: CaptureAsker;
}

/** Milliseconds that the clock of a filesystem may be behind. */
const SLACK = 2000;

/**
 * Undefined, with the reason said on stderr where there is something to say, for an archive that is not on this machine, may not be
 * read, or is of before the request, and where evidence cannot be written beside it. Throws the reason of the signal.
 */
export async function evidenceHere(
  capture: KubeletCapture,
  key: SigningKey | undefined,
  io: Io,
): Promise<RecordedCapture | undefined> {
  const { archive, startedAt } = capture;
  const found = await lstat(archive).catch(() => undefined);
  const readable = await access(archive, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!found?.isFile() || !readable) return undefined;
  if (found.mtimeMs < startedAt.getTime() - SLACK) {
    io.err(`warning: ${harmless(archive)} on this machine is older than the request, so it is not that archive\n`);
    return undefined;
  }
  // A node of ours has made it before it answered.
  const there = await readEvidence(archive);
  if (!there && !(await attested(capture, key, io))) return undefined;
  await noteAccess(archive, io);
  return there ?? (await readEvidence(archive));
}

/** What may be read may still not be written beside: that is told, and no failure. */
async function attested(capture: KubeletCapture, key: SigningKey | undefined, io: Io): Promise<boolean> {
  try {
    await attestForCommand(capture.archive, await foreignCapture(capture), key, io);
    return true;
  } catch (error) {
    io.signal.throwIfAborted();
    io.err(`warning: ${harmless(messageOf(error))}\n`);
    return false;
  }
}

async function foreignCapture(capture: KubeletCapture) {
  const { archive, kubelet, container, startedAt, took, asker } = capture;
  return {
    container: await containerOf(archive, container),
    runtime: `a kubelet at ${kubelet}`,
    startedAt,
    finishedAt: new Date(startedAt.getTime() + took),
    // Who joins a capture that is under way asks later than it began: its name tells when that was, to the second.
    pauseAtMost: beganAfter(archive, startedAt) ? Math.ceil(took * 1000) : undefined,
    askedBy: [asker],
  };
}

function beganAfter(archive: string, asked: Date): boolean {
  const named = parseArchiveName(basename(archive))?.time ?? 0;
  return named >= Math.floor(asked.getTime() / 1000) * 1000;
}

/** Id and image as the archive says them. */
async function containerOf(archive: string, address: ContainerAddress): Promise<CaptureEvidence['container']> {
  const { container: name, pod: podName, kubeNamespace } = address;
  const named = { name, podName, kubeNamespace };
  try {
    await using checkpoint = await openCheckpoint(archive);
    const { container, image } = checkpoint.metadata;
    return { ...named, id: container.id ?? '', image: image.requested ?? image.name ?? '', imageID: image.ref ?? '' };
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    return { ...named, id: '', image: '', imageID: '' };
  }
}
