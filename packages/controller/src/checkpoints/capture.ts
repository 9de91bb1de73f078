/**
 * A capture, exactly once: the claim is written to the status before the kubelet is asked, and only by who read the object as it is.
 * Whoever finds a claim without an end does not ask again: the archive may be there, and the container stood still for it.
 */
import { at, isCode, listAt, messageOf, textAt } from '@stillframe/core';
import {
  checkpointOnNode,
  chooseContainer,
  type FoundPod,
  findPod,
  type PodContainer,
  podPath,
} from '@stillframe/kubernetes';
import { timeText } from '../clock.ts';
import type { Ports } from '../ports.ts';
import type { Fact } from '../resources/conditions.ts';
import type { Checkpoint } from '../resources/object.ts';
import { type Outcome, outcomeOfError, outcomeOfPath } from './outcome.ts';
import { writeStatus } from './write.ts';

const SECONDS = 600;
/** Seconds after the runtime's time that an archive may still get its name. */
const LATE = 60;

export interface Target {
  readonly pod: FoundPod;
  readonly container: PodContainer;
}

/** Why there is nothing to capture, in one word and in many. */
export interface NoTarget {
  readonly reason: string;
  readonly message: string;
}

/** Throws what may be over in a moment. */
export async function findTarget(
  { api }: Ports,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<Target | NoTarget> {
  const { spec, kubeNamespace } = checkpoint;
  try {
    const pod = await findPod(api, { kubeNamespace, pod: spec.podName }, { signal });
    if (spec.podUID !== undefined && spec.podUID !== pod.uid) {
      return { reason: 'PodReplaced', message: `another pod has the name ${spec.podName} now` };
    }
    return { pod, container: chooseContainer(pod, spec.container) };
  } catch (error) {
    const reasons: Readonly<Record<string, string>> = {
      ERR_CLUSTER_NOT_FOUND: 'PodNotFound',
      ERR_CLUSTER_NOT_RUNNING: 'NotRunning',
      ERR_CLUSTER_AMBIGUOUS: 'ContainerAmbiguous',
    };
    const found = Object.entries(reasons).find(([code]) => isCode(error, code));
    if (!found) throw error;
    return { reason: found[1], message: messageOf(error) };
  }
}

/** Throws ERR_CLUSTER_CONFLICT where the object is not as it was read. */
export async function claim(
  ports: Ports,
  checkpoint: Checkpoint,
  { pod, container }: Target,
  signal: AbortSignal,
): Promise<Checkpoint> {
  const now = ports.clock.now();
  const until = now + ((checkpoint.spec.timeoutSeconds ?? SECONDS) + LATE) * 1000;
  const { id, image } = container;
  return await writeStatus(
    ports,
    checkpoint,
    {
      ...{ phase: 'Capturing', node: pod.node, container: container.name },
      pod: { uid: pod.uid, containerID: id.slice(0, 512), image: image.slice(0, 1024) },
      claim: { requestedAt: timeText(now), until: timeText(until), by: ports.identity },
    },
    [captured('Unknown', 'InProgress', `the kubelet of ${pod.node} is asked`)],
    { signal },
  );
}

/** Asks the kubelet of a claimed one; never throws. */
export async function ask(ports: Ports, checkpoint: Checkpoint, signal: AbortSignal): Promise<Outcome> {
  const { kubeNamespace, spec, status, key } = checkpoint;
  const { node = '', container = '' } = status;
  const asked = { node, kubeNamespace, pod: spec.podName, container, timeout: spec.timeoutSeconds ?? SECONDS };
  try {
    const path = await checkpointOnNode(ports.api, asked, { signal });
    // The log has it even where the status cannot be written any more.
    ports.log.log('info', 'a container was captured', { checkpoint: key, node, container, archive: path });
    return outcomeOfPath(path);
  } catch (error) {
    const outcome = outcomeOfError(error);
    ports.log.log('warn', 'a capture has no archive', { checkpoint: key, node, container, reason: messageOf(error) });
    return outcome;
  }
}

/** What is odd about the pod after its capture, by its uid and its container's id; undefined where it is the same. */
export async function strangeness(
  { api }: Ports,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { kubeNamespace, spec, status } = checkpoint;
  try {
    const document = await api.get(podPath({ kubeNamespace, pod: spec.podName }), { signal });
    if (textAt(document, 'metadata', 'uid') !== status.pod?.uid) return 'the pod was replaced meanwhile';
    const statuses = ['containerStatuses', 'initContainerStatuses'].flatMap((each) => listAt(document, 'status', each));
    const now = statuses.find((each) => at(each, 'name') === status.container);
    const id = textAt(now, 'containerID')
      .replace(/^.*:\/\//, '')
      .slice(0, 512);
    return id === status.pod.containerID ? undefined : 'the container was restarted meanwhile';
  } catch (error) {
    signal.throwIfAborted();
    if (isCode(error, 'ERR_CLUSTER_NOT_FOUND')) return 'the pod is gone now';
    return `whether the pod is the same is not known: ${messageOf(error)}`;
  }
}

export function captured(status: Fact['status'], reason: string, message: string): Fact {
  return { type: 'Captured', status, reason, message };
}
