/** A pod as a kubelet's API tells it: core/v1 Pod with its status. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Container } from '../manifest/pod-schema.ts';
import type { ActualContainer } from './actual.ts';
import type { Desired, Keeping } from './keeping.ts';
import type { PodWorker } from './pod-worker.ts';
import { qosClass } from './resources.ts';

/** Bytes of a container's last words (Kubernetes: 4096, and 2048 of a log). */
const WORDS = 4096;
const LOG_WORDS = 2048;

interface View {
  /** Of ids. */
  scheme: string;
  /** Names of initial containers, and whether these are at work still. */
  initial: ReadonlySet<string>;
  initializing: boolean;
  /** Where a container's last words are. */
  words: (container: ActualContainer) => string;
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** `since`: when it was first wanted, milliseconds. */
export function podDocument(desired: Desired, worker: PodWorker | undefined, keeping: Keeping, since: number) {
  const { pod, written, uid } = desired;
  const { metadata, spec } = pod;
  const created = worker?.actual?.sandboxes.map(({ createdAt }) => Number(createdAt / 1_000_000n)) ?? [];
  const startTime = created.length > 0 ? Math.min(...created) : since;
  const view: View = {
    scheme: keeping.cri.version.runtimeName,
    initial: new Set(spec.initContainers.map(({ name }) => name)),
    initializing: spec.initContainers.length > 0 && worker?.plan?.initialized !== true,
    words: ({ name, attempt }) => worker?.folder.terminationLog(name, attempt) ?? '',
  };
  const statuses = (containers: readonly Container[]) => containers.map((each) => containerStatus(each, worker, view));
  const [containers, initial] = [statuses(spec.containers), statuses(spec.initContainers)];
  const phase = phaseOf(worker, containers);
  const initialized = worker?.plan?.initialized ?? false;
  const ready =
    phase === 'Running' && initialized && [...containers, ...initial.filter(isSidecar)].every((each) => each.ready);
  const conditions: readonly (readonly [string, boolean])[] = [
    ['PodReadyToStartContainers', (worker?.podIPs.length ?? 0) > 0],
    ['Initialized', initialized],
    ['Ready', ready],
    ['ContainersReady', ready],
    ['PodScheduled', true],
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: metadata.name,
      namespace: metadata.namespace,
      uid,
      creationTimestamp: rfc3339Seconds(startTime),
      labels: metadata.labels,
      annotations: {
        ...metadata.annotations,
        'kubernetes.io/config.source': 'file',
        'kubernetes.io/config.hash': uid,
        'io.stillframe.pod/manifest': desired.file,
      },
    },
    spec: { ...specOf(written), nodeName: keeping.nodeName },
    status: {
      phase,
      conditions: conditions.map(([type, holds]) => ({ type, status: holds ? 'True' : 'False' })),
      hostIP: keeping.hostIP,
      ...(worker && worker.podIPs.length > 0
        ? { podIP: worker.podIPs[0], podIPs: worker.podIPs.map((ip) => ({ ip })) }
        : {}),
      startTime: rfc3339Seconds(startTime),
      qosClass: qosClass(pod),
      containerStatuses: containers.map(withoutKind),
      ...(initial.length > 0 ? { initContainerStatuses: initial.map(withoutKind) } : {}),
    },
  };
}

function specOf(written: Readonly<Record<string, unknown>>): object {
  const spec = written['spec'];
  return typeof spec === 'object' && spec !== null ? spec : {};
}

function containerStatus(container: Container, worker: PodWorker | undefined, view: View) {
  const all = (worker?.actual?.containers ?? []).filter(({ name }) => name === container.name);
  const [latest, before] = all;
  const waiting = worker?.waitingOf(container.name);
  const runs = latest?.state === 'running';
  const sidecar = container.restartPolicy === 'Always';
  const state = stateOf(latest, container, waiting, view);
  // What ended last is the last state only where something else is the present one.
  const last = 'terminated' in state ? before : latest?.state === 'exited' ? latest : before;
  const ended = latest?.state === 'exited' && latest.exitCode === 0;
  return {
    kind: sidecar ? ('sidecar' as const) : ('ordinary' as const),
    name: container.name,
    state,
    lastState: last?.state === 'exited' ? { terminated: terminated(last, container, view) } : {},
    ready: runs
      ? (worker?.prober.ready(latest.id) ?? false)
      : ended && worker?.plan?.initialized === true && isInit(container, worker),
    started: runs && (worker?.prober.started(latest.id) ?? false),
    restartCount: latest?.attempt ?? 0,
    image: container.image,
    imageID: latest?.imageRef ?? '',
    ...(latest ? { containerID: `${view.scheme}://${latest.id}` } : {}),
  };
}

function isInit({ name }: Container, worker: PodWorker): boolean {
  return worker.desired.pod.spec.initContainers.some((each) => each.name === name);
}

function isSidecar({ kind }: { kind: string }): boolean {
  return kind === 'sidecar';
}

function withoutKind<T extends { kind: string }>({ kind: _kind, ...rest }: T): Omit<T, 'kind'> {
  return rest;
}

function stateOf(
  latest: ActualContainer | undefined,
  container: Container,
  waiting: ReturnType<PodWorker['waitingOf']>,
  view: View,
) {
  if (latest?.state === 'running') return { running: { startedAt: rfc3339Seconds(latest.startedAt) } };
  if (waiting) return { waiting: { reason: waiting.reason, ...(waiting.message ? { message: waiting.message } : {}) } };
  if (latest?.state === 'exited') return { terminated: terminated(latest, container, view) };
  return {
    waiting: {
      reason: view.initializing && !view.initial.has(container.name) ? 'PodInitializing' : 'ContainerCreating',
    },
  };
}

function terminated(ended: ActualContainer, container: Container, view: View) {
  const message = lastWords(ended, container, view.words(ended));
  return {
    exitCode: ended.exitCode,
    reason: ended.reason || (ended.exitCode === 0 ? 'Completed' : 'Error'),
    ...(message === '' ? {} : { message }),
    startedAt: rfc3339Seconds(ended.startedAt),
    finishedAt: rfc3339Seconds(ended.finishedAt),
    containerID: `${view.scheme}://${ended.id}`,
  };
}

/** What it wrote to its termination log; of a failed one, where it wants so, else the end of its log. */
function lastWords(ended: ActualContainer, container: Container, path: string): string {
  const said = endOf(path, WORDS, 'beginning');
  if (said !== '' || container.terminationMessagePolicy === 'File' || ended.exitCode === 0)
    return said || ended.message;
  return endOf(ended.logPath, LOG_WORDS, 'end')
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ').slice(3).join(' '))
    .join('\n');
}

/** A container wrote it, so that it may be of any size, but it is a file of ours. */
function endOf(path: string, most: number, part: 'beginning' | 'end'): string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch {
    return '';
  }
  try {
    const bytes = Buffer.alloc(most);
    const { size } = fstatSync(file);
    const read = readSync(file, bytes, 0, most, part === 'beginning' ? 0 : Math.max(0, size - most));
    return bytes.toString('utf8', 0, read);
  } catch {
    return '';
  } finally {
    closeSync(file);
  }
}

function phaseOf(worker: PodWorker | undefined, statuses: readonly ReturnType<typeof containerStatus>[]): Phase {
  if (worker?.plan?.outcome) return worker.plan.outcome;
  if (!worker?.plan?.initialized) return 'Pending';
  const begun = statuses.some(({ state, lastState }) => !('waiting' in state) || 'terminated' in lastState);
  return begun ? 'Running' : 'Pending';
}

/** Milliseconds since 1970 to the second. A runtime may answer nonsense: what RFC 3339 cannot write is 1970. */
export function rfc3339Seconds(milliseconds: number): string {
  const sound = milliseconds > 0 && milliseconds < 253_402_300_800_000 ? milliseconds : 0;
  return `${new Date(sound).toISOString().slice(0, 19)}Z`;
}
