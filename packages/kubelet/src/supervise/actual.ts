/** What of a pod is there, as the runtime tells it: nothing else is remembered. */
import type { CriClient } from '@stillframe/cri/client';
import { type Container, ContainerState, type PodSandbox, PodSandboxState } from '@stillframe/cri/proto';
import { CONTAINER_NAME, OWNER, POD_UID } from './marks.ts';

/** One container, which may be one of several attempts. Times are milliseconds. */
export interface ActualContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxID: string;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly logPath: string;
  readonly imageRef: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ActualPod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** The newest first, one that is ready before any other. */
  readonly sandboxes: readonly PodSandbox[];
  /** Of all sandboxes, the newest first. */
  readonly containers: readonly ActualContainer[];
}

/** All pods that `owner` keeps. */
export interface Snapshot {
  /** When it was begun (performance.now): what was done since is not in it. */
  readonly begunAt: number;
  readonly pods: ReadonlyMap<string, ActualPod>;
}

const STATES: Readonly<Record<number, ActualContainer['state']>> = {
  [ContainerState.CONTAINER_CREATED]: 'created',
  [ContainerState.CONTAINER_RUNNING]: 'running',
  [ContainerState.CONTAINER_EXITED]: 'exited',
};

/** Takes snapshots; what cannot change any more is asked for once. */
export class Looker {
  readonly #cri: CriClient;
  readonly #owner: string;
  #known = new Map<string, ActualContainer>();

  constructor(cri: CriClient, owner: string) {
    this.#cri = cri;
    this.#owner = owner;
  }

  /** Throws ERR_CRI_*, or the signal's reason. */
  async look(signal: AbortSignal): Promise<Snapshot> {
    const begunAt = performance.now();
    const { items } = await this.#cri.runtime.listPodSandbox({}, { signal });
    const own = items.filter(({ annotations }) => annotations[OWNER] === this.#owner);
    if (own.length === 0) return { begunAt, pods: new Map() };
    const { containers } = await this.#cri.runtime.listContainers({}, { signal });
    const known = new Map<string, ActualContainer>();
    const pods = new Map<string, ActualPod>();
    for (const [uid, sandboxes] of Map.groupBy(own, uidOf)) {
      const ids = new Set(sandboxes.map(({ id }) => id));
      const actual: ActualContainer[] = [];
      for (const each of containers.filter(({ podSandboxId }) => ids.has(podSandboxId))) {
        const one = await this.#container(each, signal);
        if (!one) continue;
        known.set(one.id, one);
        actual.push(one);
      }
      const { name = '', namespace = '' } = sandboxes[0]?.metadata ?? {};
      pods.set(uid, {
        uid,
        name,
        namespace,
        sandboxes: sandboxes.toSorted(
          (a, b) => Number(isReady(b)) - Number(isReady(a)) || Number(b.createdAt - a.createdAt),
        ),
        containers: actual.toSorted((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt),
      });
    }
    this.#known = known;
    return { begunAt, pods };
  }

  async #container(listed: Container, signal: AbortSignal): Promise<ActualContainer | undefined> {
    const state = STATES[listed.state] ?? 'unknown';
    const known = this.#known.get(listed.id);
    if (known?.state === state) return known;
    // One that goes away meanwhile is not there.
    const { status } = await this.#cri.runtime
      .containerStatus({ containerId: listed.id }, { signal })
      .catch((error): { status?: undefined } => {
        signal.throwIfAborted();
        if (error instanceof Error && 'code' in error && error.code === 'ERR_CRI_NOT_FOUND') return {};
        throw error;
      });
    if (!status) return undefined;
    return {
      id: listed.id,
      name: listed.labels[CONTAINER_NAME] ?? listed.metadata?.name ?? '',
      attempt: listed.metadata?.attempt ?? 0,
      sandboxID: listed.podSandboxId,
      state: STATES[status.state] ?? 'unknown',
      createdAt: milliseconds(status.createdAt),
      startedAt: milliseconds(status.startedAt),
      finishedAt: milliseconds(status.finishedAt),
      exitCode: status.exitCode,
      reason: status.reason,
      message: status.message,
      logPath: status.logPath,
      imageRef: status.imageRef,
      annotations: status.annotations,
    };
  }
}

function uidOf({ metadata, labels }: PodSandbox): string {
  return labels[POD_UID] ?? metadata?.uid ?? '';
}

export function isReady({ state }: PodSandbox): boolean {
  return state === PodSandboxState.SANDBOX_READY;
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n);
}
