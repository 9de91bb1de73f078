/** One capture: queue, name, RPC, record. */
import { rm } from 'node:fs/promises';
import type { CriClient } from '@stillframe/cri/client';
import { kubeletError } from '../errors.ts';
import { type Pod, runningContainer } from '../pods/find.ts';
import type { ContainerAddress } from './names.ts';
import type { KeyedQueue } from './queue.ts';
import { reserveArchive } from './reserve.ts';

/** Who had what captured when: the first entry of a custody record. */
export interface CheckpointRecord {
  /** When the archive was named and the capture began, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Absolute path of the archive, on the node of the runtime. */
  readonly path: string;
  /** Common name of the client certificate. */
  readonly user: string;
  /** Address that the request came from, as this machine saw it. */
  readonly from: string;
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
  readonly containerId: string;
  /** Milliseconds that the runtime took. The container stood still for a part of them only. */
  readonly duration: number;
}

/** What captures share. */
export interface CaptureContext {
  readonly cri: CriClient;
  /** Absolute path of the folder that archives go into. */
  readonly folder: string;
  readonly queue: KeyedQueue;
}

/** What one capture is of, and for whom. */
export interface CaptureRequest {
  readonly pod: Pod;
  readonly address: ContainerAddress;
  /** For the runtime and as deadline; it begins when no other capture of the container is under way. */
  readonly seconds: number;
  readonly user: string;
  readonly from: string;
  readonly signal: AbortSignal;
}

/**
 * Has the runtime write a checkpoint archive under a name of its own, one capture of a container at a time.
 * A capture that fails leaves no file. Throws ERR_KUBELET_CONTAINER_NOT_RUNNING, ERR_KUBELET_NAME_TAKEN, ERR_CRI_*,
 * or the reason of the signal, which the runtime also hears.
 */
export async function captureContainer(context: CaptureContext, request: CaptureRequest): Promise<CheckpointRecord> {
  const { address, pod, seconds, signal } = request;
  const container = runningContainer(pod, address.container);
  if (!container) {
    throw kubeletError('ERR_KUBELET_CONTAINER_NOT_RUNNING', `container ${address.container} not found`);
  }
  return context.queue.run(container.id, signal, async () => {
    await using reservation = await reserveArchive(context.folder, address, signal);
    const began = performance.now();
    try {
      await context.cri.runtime.checkpointContainer(
        { containerId: container.id, location: reservation.path, timeout: BigInt(seconds) },
        { signal, timeoutMs: seconds * 1000 },
      );
    } catch (error) {
      // Runtimes other than ours may leave half an archive, which nobody must take for evidence.
      await rm(reservation.path, { force: true });
      throw error;
    }
    return {
      time: reservation.time.toISOString(),
      path: reservation.path,
      user: request.user,
      from: request.from,
      ...address,
      podUid: pod.sandbox.metadata?.uid ?? '',
      containerId: container.id,
      duration: Math.round(performance.now() - began),
    };
  });
}
