/** GET /containerLogs/{namespace}/{pod}/{container}: what a container has written. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { harmless, messageOf, orAbsent } from '@stillframe/core';
import { type Container, ContainerState } from '@stillframe/cri/proto';
import { type Answer, text } from '../http/answer.ts';
import { type LogOptions, readLogOptions } from '../logs/options.ts';
import { readLog } from '../logs/read-log.ts';
import { findPod, hasContainer, type Pod } from '../pods/find.ts';
import { type Call, failureText, type RouteContext } from './route.ts';

/** Milliseconds between two questions whether a container still runs. */
const ASK_AGAIN = 1000;

export async function containerLogs(context: RouteContext, call: Call): Promise<Answer> {
  const { namespace: kubeNamespace = '', pod: podName = '', container: name = '' } = call.params;
  const options = readLogOptions(call.query);
  if (typeof options === 'string') {
    return text(options === 'Invalid request.' ? 422 : 400, JSON.stringify({ message: options }));
  }
  try {
    const pod = await findPod(context.cri, { kubeNamespace, pod: podName }, { signal: call.signal });
    const quoted = JSON.stringify(harmless(podName));
    if (!pod) return text(404, `pod ${quoted} does not exist`);
    if (!hasContainer(pod, name)) {
      return text(404, `container ${JSON.stringify(harmless(name))} not found in pod ${quoted}`);
    }
    const container = loggedContainer(pod, name, options.previous);
    if (typeof container === 'string') return text(400, container);
    return await logOf(context, container, options, call.signal);
  } catch (error) {
    return text(500, failureText(error));
  }
}

async function logOf(
  { cri }: RouteContext,
  container: Container,
  options: LogOptions,
  signal: AbortSignal,
): Promise<Answer> {
  const { id: containerId } = container;
  const { status } = await cri.runtime.containerStatus({ containerId }, { signal });
  const goesOn = runsStill(async () => {
    const { status: now } = await cri.runtime.containerStatus({ containerId }, { signal });
    return now?.state === ContainerState.CONTAINER_RUNNING || now?.state === ContainerState.CONTAINER_CREATED;
  });
  const path = status?.logPath ?? '';
  const readable = access(path, constants.R_OK).then(() => true);
  // A kubelet, too, says so with 200.
  if (!(await orAbsent(readable, 'ENOENT')))
    return text(200, `unable to retrieve container logs for ${harmless(cri.version.runtimeName)}://${containerId}`);
  const body = toldToTheEnd(readLog(path, options, { goesOn, signal }));
  return { status: 200, contentType: 'text/plain; charset=utf-8', body };
}

/** A kubelet's choice of the container, or its words for there being none. */
function loggedContainer(pod: Pod, name: string, previous: boolean): Container | string {
  const names = `${JSON.stringify(harmless(name))} in pod ${JSON.stringify(harmless(pod.sandbox.metadata?.name ?? ''))}`;
  const newestFirst = pod.containers.filter(({ metadata }) => metadata?.name === name);
  const [current, ...earlier] = newestFirst;
  const ended = earlier.find(({ state }) => state === ContainerState.CONTAINER_EXITED);
  if (previous) return ended ?? `previous terminated container ${names} not found`;
  if (current && current.state !== ContainerState.CONTAINER_CREATED) return current;
  return ended ?? `container ${names} is waiting to start: ContainerCreating`;
}

/** The status has gone out already when reading fails; a kubelet ends with the reason, too. */
async function* toldToTheEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    yield Buffer.from(messageOf(error));
  }
}

/** Asks at most once a second. A container that cannot be found any more has ended. */
function runsStill(ask: () => Promise<boolean>): () => Promise<boolean> {
  let next = 0;
  return async () => {
    if (Date.now() < next) return true;
    next = Date.now() + ASK_AGAIN;
    return ask().catch(() => false);
  };
}
