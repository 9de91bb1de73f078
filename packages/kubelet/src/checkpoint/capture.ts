/** One capture: name, RPC, what came of it. */
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type CaptureWishes, type CriClient, captureMetadata } from '@stillframe/cri/client';
import type { Container } from '@stillframe/cri/proto';
import type { Pod } from '../pods/find.ts';
import type { ContainerAddress } from './names.ts';
import { reserveArchive } from './reserve.ts';
import { MOST_SECONDS } from './timeout.ts';

/** Milliseconds that an archive is looked out for which nobody waits for any more, and between two looks. */
const LATE = 600_000;
const LATE_PAUSE = 1000;

/** Somebody who asked for a capture. */
export interface Asker {
  readonly user: string;
  readonly groups: readonly string[];
  /** Address that the request came from, as this machine saw it. */
  readonly from: string;
  /** Of the request in the audit log. */
  readonly auditID: string;
  /** When it was asked, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Whether it had hung up, or its time was over, before the archive was whole. */
  readonly left: boolean;
}

/** Who had what captured when: the first entry of a custody record. */
export interface CheckpointRecord {
  /** When the archive was named and the capture began, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Absolute path of the archive, on the node of the runtime. */
  readonly path: string;
  /** Name of the user who asked first. */
  readonly user: string;
  /** Where that one asked from. */
  readonly from: string;
  /** All who asked while it was under way, in the order of their asking. */
  readonly askedBy: readonly Asker[];
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  readonly containerId: string;
  /** The image as the container's request named it, and as the runtime resolved it; empty where it does not say. */
  readonly image: string;
  readonly imageRef: string;
  /** When the runtime answered, RFC 3339 in UTC with milliseconds. */
  readonly finished: string;
  /** Milliseconds that the runtime took. The container stood still for a part of them only. */
  readonly duration: number;
}

/** What a capture is of. */
export interface CaptureTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly address: ContainerAddress;
}

/** Where archives come from and go to. */
export interface CapturePlace {
  readonly cri: CriClient;
  /** Absolute path of the folder that archives go into. */
  readonly folder: string;
}

/** A record that does not say yet who asked. */
export type Capture = Omit<CheckpointRecord, 'user' | 'from' | 'askedBy'>;

/**
 * Has the runtime write a checkpoint archive under a name of its own. A capture that fails leaves no file. Throws
 * ERR_KUBELET_NAME_TAKEN, ERR_CRI_*, or the reason of the signal, which the runtime also hears: the signal alone bounds
 * the time, since callers of one capture may give it different ones.
 */
export async function captureContainer(
  { cri, folder }: CapturePlace,
  { pod, container, address }: CaptureTarget,
  wishes: CaptureWishes,
  signal: AbortSignal,
): Promise<Capture> {
  await using held = new AsyncDisposableStack();
  const reservation = held.use(await reserveArchive(folder, address, signal));
  const { path, time } = reservation;
  const began = performance.now();
  try {
    await cri.runtime.checkpointContainer(
      { containerId: container.id, location: path, timeout: BigInt(MOST_SECONDS) },
      { signal, timeoutMs: MOST_SECONDS * 1000, metadata: captureMetadata(wishes) },
    );
  } catch (error) {
    // Runtimes other than ours may leave half an archive, which nobody must take for evidence.
    await rm(path, { force: true });
    if (signal.aborted && cri.version.runtimeName !== 'stillframe') void removeLate(path, held.move());
    throw error;
  }
  return {
    time: time.toISOString(),
    path,
    ...address,
    podUid: pod.sandbox.metadata?.uid ?? '',
    containerId: container.id,
    image: container.image?.userSpecifiedImage || container.image?.image || '',
    imageRef: container.imageRef,
    finished: new Date().toISOString(),
    duration: Math.round(performance.now() - began),
  };
}

/**
 * Some runtimes do not hear that nobody waits any more, and write the whole archive: it is removed when it comes. The name
 * stays reserved meanwhile, so that it is nobody else's.
 */
async function removeLate(path: string, reserved: AsyncDisposable): Promise<void> {
  await using _held = reserved;
  for (const deadline = Date.now() + LATE; Date.now() < deadline; ) {
    await delay(LATE_PAUSE, undefined, { ref: false });
    await rm(path, { force: true });
  }
}
