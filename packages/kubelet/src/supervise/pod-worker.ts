/** One pod: looks at what is there, does what is to be done, and remembers only what the runtime cannot tell. */
import { harmless, messageOf } from '@stillframe/core';
import type { Container } from '../manifest/pod-schema.ts';
import { PodFolder } from '../volumes/pod-folder.ts';
import { type ActualPod, isReady } from './actual.ts';
import { type EndingOptions, removeContainer, stopContainer } from './ending.ts';
import type { Sources } from './environment.ts';
import { StartFailure } from './images.ts';
import type { Desired, Keeping } from './keeping.ts';
import { type Judge, type Plan, planPod, type Start } from './plan.ts';
import { PodStarter } from './pod-starter.ts';
import { Prober } from './prober.ts';

/** Why a container does not run, in a kubelet's words. */
export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** Containers of one name that have ended and are kept for their logs, beside the newest. */
const KEPT = 1;

export class PodWorker implements Disposable {
  readonly desired: Desired;
  /** While it works no other pass may begin. */
  busy = false;
  /** Snapshots that were begun before this (performance.now) do not have what was done. */
  settledAt = 0;
  #sources: Sources;
  #actual: ActualPod | undefined;
  #plan: Plan | undefined;
  readonly #cancelling = new AbortController();
  readonly #waiting = new Map<string, Waiting>();
  readonly #keeping: Keeping;
  readonly #prober: Prober;
  readonly #starter: PodStarter;
  readonly #folder: PodFolder;

  constructor(keeping: Keeping, desired: Desired) {
    this.desired = desired;
    this.#sources = desired.sources;
    this.#keeping = keeping;
    this.#folder = new PodFolder(keeping.owner, desired.uid);
    this.#starter = new PodStarter(keeping, desired, this.#folder);
    this.#prober = new Prober({
      logger: keeping.logger,
      now: keeping.now,
      changed: keeping.changed,
      asked: (actual, { ports }) => ({
        cri: keeping.cri,
        containerID: actual.id,
        ip: this.#starter.ip,
        ports: new Map(ports.flatMap(({ name, containerPort }) => (name === undefined ? [] : [[name, containerPort]]))),
      }),
    });
  }

  /** Ends the pass under way: the pod is not wanted any more. */
  cancel(): void {
    this.#cancelling.abort(new DOMException('the pod is not wanted any more', 'AbortError'));
  }

  get cancelled(): boolean {
    return this.#cancelling.signal.aborted;
  }

  get actual(): ActualPod | undefined {
    return this.#actual;
  }
  get plan(): Plan | undefined {
    return this.#plan;
  }
  get podIPs(): readonly string[] {
    return this.#starter.podIPs;
  }
  get prober(): Pick<Prober, 'ready' | 'started' | 'quiet'> {
    return this.#prober;
  }
  get folder(): PodFolder {
    return this.#folder;
  }

  /** Why a container that does not run waits; undefined where it does not. */
  waitingOf(name: string): Waiting | undefined {
    const key = this.#key(name);
    const known = this.#waiting.get(name);
    if (known?.reason === 'ErrImagePull' && this.#plan?.waits.has(name))
      return { ...known, reason: 'ImagePullBackOff' };
    if (known) return known;
    if (!this.#plan?.waits.has(name)) return undefined;
    const seconds = Math.round(this.#keeping.backoff.delay(key) / 1000);
    return { reason: 'CrashLoopBackOff', message: `back-off ${seconds}s restarting failed container=${name}` };
  }

  /** One pass. Returns whether anything was done, so that another look is due. `sources`: as they are now. */
  async sync(actual: ActualPod | undefined, sources: Sources, ending: AbortSignal): Promise<boolean> {
    const signal = AbortSignal.any([ending, this.#cancelling.signal]);
    this.#actual = actual;
    const { pod } = this.desired;
    await this.#starter.look(actual, signal);
    this.#remember(actual);
    const running = (actual?.containers ?? []).filter(({ state }) => state === 'running');
    this.#prober.watch(pod, running);
    const plan = planPod(pod, actual, this.#judge());
    this.#plan = plan;
    if (this.#sources !== sources) await this.#refresh(sources);
    const how = this.#ending(signal);
    if (plan.outcome) return this.#settle(plan, actual, how);
    await Promise.all(
      plan.stops.map(({ container, why }) => {
        this.#log('info', container.name, `container is stopped: ${why}`);
        return stopContainer(container, how, this.#prober.condemned(container.id)?.grace);
      }),
    );
    if (plan.sandbox !== undefined) return this.#makeSandbox(plan.sandbox, actual, signal);
    for (const start of plan.starts) await this.#start(start, how);
    const tidied = await this.#tidy(actual, how);
    return plan.stops.length + plan.starts.length > 0 || tidied;
  }

  #judge(): Judge {
    return {
      condemned: ({ id }) => this.#prober.condemned(id)?.why,
      started: ({ id }) => this.#prober.started(id),
      wait: (name, at) => {
        const key = this.#key(name);
        const { backoff } = this.#keeping;
        return Math.max(
          at === 0 ? 0 : backoff.remaining(key, at),
          backoff.remaining(`${key}/failed`, this.#failedAt(name)),
        );
      },
    };
  }

  readonly #failures = new Map<string, number>();
  #failedAt(name: string): number {
    return this.#failures.get(name) ?? 0;
  }

  #key(name: string): string {
    return `${this.desired.uid}/${name}`;
  }

  /** What an earlier process knew of restarts stands in the runtime. */
  #remember(actual: ActualPod | undefined): void {
    for (const { name } of this.#all()) {
      const latest = actual?.containers.find((each) => each.name === name);
      if (latest) this.#keeping.backoff.resume(this.#key(name), latest.attempt, latest.startedAt || latest.createdAt);
    }
  }

  #all(): Container[] {
    const { initContainers, containers } = this.desired.pod.spec;
    return [...initContainers, ...containers];
  }

  async #refresh(sources: Sources): Promise<void> {
    this.#sources = sources;
    try {
      await this.#folder.refresh(this.#starter.facts, sources);
    } catch (error) {
      this.#log('warn', '', `volumes stay as they were: ${messageOf(error)}`);
    }
  }

  #ending(signal: AbortSignal): EndingOptions {
    return { cri: this.#keeping.cri, logger: this.#keeping.logger, ip: this.#starter.ip, signal };
  }

  /** A pod that has ended keeps its containers for their logs, and gives back its network. */
  async #settle(plan: Plan, actual: ActualPod | undefined, ending: EndingOptions): Promise<boolean> {
    for (const { container } of plan.stops) await stopContainer(container, ending);
    const ready = (actual?.sandboxes ?? []).filter(isReady);
    for (const { id } of ready) await this.#keeping.cri.runtime.stopPodSandbox({ podSandboxId: id }, ending);
    if (ready.length > 0) this.#log('info', '', `pod has ended: ${plan.outcome}`);
    return plan.stops.length + ready.length > 0;
  }

  async #makeSandbox(attempt: number, actual: ActualPod | undefined, signal: AbortSignal): Promise<boolean> {
    if (this.#keeping.backoff.remaining(`${this.#key('')}/failed`, this.#failedAt('')) > 0) return false;
    try {
      for (const { id } of actual?.sandboxes ?? [])
        await this.#keeping.cri.runtime.stopPodSandbox({ podSandboxId: id }, { signal });
      await this.#starter.makeSandbox(attempt, this.#sources, signal);
      this.#succeed('');
      for (const { name } of this.#all()) this.#waiting.delete(name);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.#fail('', error);
      const waiting = {
        reason: error instanceof StartFailure ? error.reason : 'ContainerCreating',
        message: messageOf(error),
      };
      for (const { name } of this.#all()) this.#waiting.set(name, waiting);
      return false;
    }
  }

  async #start({ container, attempt, after }: Start, ending: EndingOptions): Promise<void> {
    const { name } = container;
    if (after?.state === 'exited') this.#keeping.backoff.next(this.#key(name), after.finishedAt);
    else if (after) await removeContainer(after, ending);
    this.#waiting.set(name, { reason: 'ContainerCreating', message: '' });
    try {
      const { id, fault } = await this.#starter.start(container, attempt, this.#sources, ending.signal);
      this.#succeed(name);
      this.#waiting.delete(name);
      this.#log('info', name, 'container started');
      if (fault === undefined) return;
      this.#log('warn', name, `postStart hook failed: ${harmless(fault)}; it is ended`);
      const seconds = BigInt(this.desired.pod.spec.terminationGracePeriodSeconds);
      await this.#keeping.cri.runtime.stopContainer(
        { containerId: id, timeout: seconds },
        { signal: ending.signal, timeoutMs: Number(seconds) * 1000 + 60_000 },
      );
    } catch (error) {
      ending.signal.throwIfAborted();
      this.#fail(name, error);
      const reason = error instanceof StartFailure ? error.reason : 'CreateContainerError';
      this.#waiting.set(name, { reason, message: messageOf(error) });
    }
  }

  #fail(name: string, error: unknown): void {
    const now = this.#keeping.now();
    this.#failures.set(name, now);
    this.#keeping.backoff.next(`${this.#key(name)}/failed`, now);
    this.#log('error', name, `${name === '' ? 'sandbox' : 'container'} does not start: ${messageOf(error)}`);
  }

  #succeed(name: string): void {
    this.#failures.delete(name);
    this.#keeping.backoff.forget(`${this.#key(name)}/failed`);
  }

  /** Takes away containers and sandboxes that nobody looks back to. */
  async #tidy(actual: ActualPod | undefined, ending: EndingOptions): Promise<boolean> {
    if (!actual) return false;
    const old = [...Map.groupBy(actual.containers, ({ name }) => name).values()].flatMap((all) =>
      all.slice(1 + KEPT).filter(({ state }) => state === 'exited'),
    );
    for (const each of old) await removeContainer(each, ending);
    const [ready, ...rest] = actual.sandboxes;
    const replaced =
      ready !== undefined &&
      isReady(ready) &&
      this.desired.pod.spec.containers.every(({ name }) => {
        return actual.containers.some((each) => each.name === name && each.sandboxID === ready.id);
      });
    for (const { id } of replaced ? rest : []) {
      await this.#keeping.cri.runtime.removePodSandbox({ podSandboxId: id }, { signal: ending.signal });
    }
    return old.length > 0 || (replaced && rest.length > 0);
  }

  #log(level: 'info' | 'warn' | 'error', container: string, message: string): void {
    const { namespace, name } = this.desired.pod.metadata;
    const fields = { pod: `${namespace}/${name}`, ...(container === '' ? {} : { container }) };
    this.#keeping.logger.log(level, harmless(message), fields);
  }

  [Symbol.dispose](): void {
    this.#prober[Symbol.dispose]();
    this.#keeping.backoff.forget(`${this.desired.uid}/`);
  }
}
