/** What is to be done so that a pod becomes what its manifest says (kubelet, computePodActions). Pure. */
import type { Container, Pod } from '../manifest/pod-schema.ts';
import { type ActualContainer, type ActualPod, isReady } from './actual.ts';

/** What only this process knows. */
export interface Judge {
  /** Why a running container is to be ended, or undefined. */
  condemned(container: ActualContainer): string | undefined;
  /** Whether a running container has passed its startup probe. */
  started(container: ActualContainer): boolean;
  /** Milliseconds until a container may be tried again after what happened at `at`; zero: now. */
  wait(name: string, at: number, attempt: number): number;
}

export interface Start {
  readonly container: Container;
  readonly attempt: number;
  /** The attempt before it, where one has ended. */
  readonly after: ActualContainer | undefined;
}

export interface Plan {
  /** The number of a sandbox to be made, where one is. */
  readonly sandbox: number | undefined;
  readonly stops: readonly { readonly container: ActualContainer; readonly why: string }[];
  readonly starts: readonly Start[];
  /** Names of containers that wait, and how long, milliseconds. */
  readonly waits: ReadonlyMap<string, number>;
  /** Whether all initial containers have done their part. */
  readonly initialized: boolean;
  /** The end of a pod that does not begin again. */
  readonly outcome: 'Succeeded' | 'Failed' | undefined;
}

interface Draft {
  stops: { container: ActualContainer; why: string }[];
  starts: Start[];
  waits: Map<string, number>;
}

/** `actual`: undefined where nothing of the pod is there. */
export function planPod(pod: Pod, actual: ActualPod | undefined, judge: Judge): Plan {
  const draft: Draft = { stops: [], starts: [], waits: new Map() };
  const ready = actual?.sandboxes.find(isReady);
  const outcome = outcomeOf(pod, actual, ready?.id);
  if (outcome) return { ...draft, stops: runningOf(actual, 'the pod has ended'), ...done(outcome) };
  if (!ready) {
    const attempts = (actual?.sandboxes ?? []).map(({ metadata }) => metadata?.attempt ?? 0);
    const stops = runningOf(actual, 'its sandbox has ended');
    return { ...draft, stops, sandbox: Math.max(-1, ...attempts) + 1, initialized: false, outcome: undefined };
  }
  const here = (name: string) => actual?.containers.find((each) => each.name === name && each.sandboxID === ready.id);
  const begun = pod.spec.containers.some(({ name }) => here(name));
  const initialized = planInitial(pod, here, attemptsOf(actual), begun, judge, draft);
  if (initialized) {
    for (const container of pod.spec.containers) {
      const latest = actual?.containers.find(({ name }) => name === container.name);
      planOne(container, latest, mayRestart(pod, latest), attemptsOf(actual), judge, draft);
    }
  }
  return { ...draft, sandbox: undefined, initialized, outcome: undefined };
}

/** Returns whether what comes after the initial containers may run. `begun`: it has run in this sandbox already. */
function planInitial(
  pod: Pod,
  here: (name: string) => ActualContainer | undefined,
  attempts: (name: string) => number,
  begun: boolean,
  judge: Judge,
  draft: Draft,
): boolean {
  for (const container of pod.spec.initContainers) {
    const latest = here(container.name);
    if (container.restartPolicy === 'Always') {
      planOne(container, latest, true, attempts, judge, draft);
      if (!begun && !(latest?.state === 'running' && judge.started(latest))) return false;
      continue;
    }
    if (begun || (latest?.state === 'exited' && latest.exitCode === 0)) continue;
    planOne(container, latest, true, attempts, judge, draft);
    return false;
  }
  return true;
}

function planOne(
  container: Container,
  latest: ActualContainer | undefined,
  again: boolean,
  attempts: (name: string) => number,
  judge: Judge,
  draft: Draft,
): void {
  if (latest?.state === 'running') {
    const why = judge.condemned(latest);
    if (why !== undefined) draft.stops.push({ container: latest, why });
    return;
  }
  if (latest?.state === 'exited' && !again) return;
  // One that was made and never started is of no use: its files may be those of an earlier try.
  const at = latest?.state === 'exited' ? latest.finishedAt : 0;
  const wait = judge.wait(container.name, at, latest?.attempt ?? 0);
  if (wait > 0) draft.waits.set(container.name, wait);
  else draft.starts.push({ container, attempt: attempts(container.name), after: latest });
}

/** Whether a container that has ended begins again. */
function mayRestart({ spec }: Pod, latest: ActualContainer | undefined): boolean {
  if (latest?.state !== 'exited') return true;
  return spec.restartPolicy === 'Always' || (spec.restartPolicy === 'OnFailure' && latest.exitCode !== 0);
}

function attemptsOf(actual: ActualPod | undefined): (name: string) => number {
  return (name) =>
    1 + Math.max(-1, ...(actual?.containers ?? []).filter((each) => each.name === name).map(({ attempt }) => attempt));
}

function outcomeOf(pod: Pod, actual: ActualPod | undefined, ready: string | undefined): Plan['outcome'] {
  const { restartPolicy, containers, initContainers } = pod.spec;
  if (restartPolicy === 'Always' || !actual || actual.sandboxes.length === 0) return undefined;
  const latest = containers.map(({ name }) => actual.containers.find((each) => each.name === name));
  if (latest.every((each) => each?.state === 'exited' && !mayRestart(pod, each))) {
    return latest.every((each) => each?.exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  if (restartPolicy !== 'Never') return undefined;
  const initFailed = initContainers.some(({ name, restartPolicy: own }) => {
    const last = actual.containers.find((each) => each.name === name);
    return own !== 'Always' && last?.state === 'exited' && last.exitCode !== 0;
  });
  // With its sandbox went what must not begin again.
  const lost = ready === undefined && latest.some((each) => each !== undefined);
  return initFailed || lost ? 'Failed' : undefined;
}

function runningOf(actual: ActualPod | undefined, why: string): { container: ActualContainer; why: string }[] {
  const running = (actual?.containers ?? []).filter(({ state }) => state === 'running');
  return running.map((container) => ({ container, why }));
}

function done(outcome: 'Succeeded' | 'Failed') {
  return { sandbox: undefined, initialized: true, outcome };
}
