/** Ending: a preStop hook, the stop signal, and after the grace the kill; then what the pod has left. */
import { rm } from 'node:fs/promises';
import { harmless, type Logger, messageOf } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import { lifecycle } from '../manifest/action-schema.ts';
import { type Asked, act } from './act.ts';
import type { ActualContainer, ActualPod } from './actual.ts';
import { GRACE, PORTS, PRE_STOP } from './marks.ts';

/** Seconds that are left for the stop signal where the hook took all. */
const LEAST_GRACE = 2;
const DEFAULT_GRACE = 30;
/** Milliseconds beyond the grace that the call may take. */
const SLACK = 60_000;

export interface EndingOptions {
  readonly cri: CriClient;
  readonly logger: Logger;
  /** Where the pod's ports are. */
  readonly ip: string;
  readonly signal: AbortSignal;
}

/** Stops one container; what it needs stands in its annotations, so that a later process can, too. `grace`: seconds. */
export async function stopContainer(
  container: ActualContainer,
  { cri, logger, ip, signal }: EndingOptions,
  grace = graceOf(container),
): Promise<void> {
  const began = performance.now();
  const hook = hookOf(container.annotations[PRE_STOP]);
  if (hook && grace > 0) {
    const asked: Asked = { cri, containerID: container.id, ip, ports: portsOf(container), signal };
    const { success, words } = await act(hook, grace, asked);
    if (!success) {
      const fields = { container: container.name, id: container.id, words: harmless(words) };
      logger.log('warn', 'preStop hook failed', fields);
    }
  }
  const spent = Math.floor((performance.now() - began) / 1000);
  const left = grace === 0 ? 0 : Math.max(LEAST_GRACE, grace - spent);
  const request = { containerId: container.id, timeout: BigInt(left) };
  await cri.runtime.stopContainer(request, { signal, timeoutMs: left * 1000 + SLACK });
}

function graceOf({ annotations }: ActualContainer): number {
  const seconds = Number(annotations[GRACE] ?? DEFAULT_GRACE);
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400 ? seconds : DEFAULT_GRACE;
}

/**
 * Stops all containers at once, then one after the other those named in `last`, then the sandboxes, and removes all. The
 * grace is the pod's: who comes later has what is left of it, and no less than a moment (kubelet, waitForTurn).
 */
export async function endPod(pod: ActualPod, last: readonly string[], options: EndingOptions): Promise<void> {
  const { cri, signal } = options;
  const began = performance.now();
  const running = pod.containers.filter(({ state }) => state === 'running');
  await Promise.all(running.filter(({ name }) => !last.includes(name)).map((each) => stopContainer(each, options)));
  for (const name of last.toReversed()) {
    const spent = Math.floor((performance.now() - began) / 1000);
    for (const each of running.filter((one) => one.name === name)) {
      const grace = graceOf(each);
      await stopContainer(each, options, grace === 0 ? 0 : Math.max(LEAST_GRACE, grace - spent));
    }
  }
  for (const { id: podSandboxId } of pod.sandboxes) {
    await cri.runtime.stopPodSandbox({ podSandboxId }, { signal });
    await cri.runtime.removePodSandbox({ podSandboxId }, { signal });
  }
}

/** Removes a container that has ended, with its log. */
export async function removeContainer(container: ActualContainer, { cri, logger, signal }: EndingOptions) {
  try {
    await cri.runtime.removeContainer({ containerId: container.id }, { signal });
    if (container.logPath !== '') await rm(container.logPath, { force: true });
  } catch (error) {
    signal.throwIfAborted();
    logger.log('warn', 'a container could not be removed', { id: container.id, reason: messageOf(error) });
  }
}

function hookOf(text: string | undefined) {
  if (text === undefined) return undefined;
  // The runtime may have been asked by anybody: what stands there is read as a manifest is.
  return lifecycle(parsed(text), '', [])?.preStop;
}

function portsOf({ annotations }: ActualContainer): Map<string, number> {
  const listed = parsed(annotations[PORTS] ?? '[]');
  const ports = new Map<string, number>();
  for (const each of Array.isArray(listed) ? listed : []) {
    const { name, containerPort } = (each ?? {}) as { name?: unknown; containerPort?: unknown };
    if (typeof name === 'string' && typeof containerPort === 'number') ports.set(name, containerPort);
  }
  return ports;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
