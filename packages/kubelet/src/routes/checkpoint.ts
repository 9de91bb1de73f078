/** POST /checkpoint/{namespace}/{pod}/{container}: statuses and bodies to the letter of a kubelet's. */
import { harmless, isCode } from '@stillframe/core';
import { isDnsLabel, isDnsSubdomain } from '../checkpoint/names.ts';
import { boundedTimeout, parseTimeout } from '../checkpoint/timeout.ts';
import { wishesOf } from '../checkpoint/wishes.ts';
import { kubeletError } from '../errors.ts';
import { type Answer, json, text, tooMany } from '../http/answer.ts';
import { findPod, hasContainer, runningContainer } from '../pods/find.ts';
import { type Call, failureText, type RouteContext } from './route.ts';

/** Seconds after which it may be tried again where too many captures are under way. */
const RETRY_SECONDS = 5;

export async function checkpoint(context: RouteContext, call: Call): Promise<Answer> {
  const { namespace: kubeNamespace = '', pod: podName = '', container: name = '' } = call.params;
  const address = { kubeNamespace, pod: podName, container: name };
  // No pod has such a name, so this is no special case to a client, and none can lead out of the folder.
  if (!isDnsLabel(kubeNamespace) || !isDnsSubdomain(podName)) return text(404, 'pod does not exist');
  try {
    const pod = await findPod(context.cri, address, { signal: call.signal });
    if (!pod) return text(404, 'pod does not exist');
    if (!isDnsLabel(name) || !hasContainer(pod, name)) return text(404, `container ${harmless(name)} does not exist`);
    const asked = parseTimeout(call.query);
    if (asked === undefined) return text(404, 'cannot parse value of timeout parameter');
    const wishes = wishesOf(context.cri, call.query);
    if ('status' in wishes) return wishes;
    const seconds = boundedTimeout(asked);
    const container = runningContainer(pod, name);
    if (!container) throw kubeletError('ERR_KUBELET_CONTAINER_NOT_RUNNING', `container ${name} not found`);
    const { user, from, auditID, signal } = call;
    const caller = { user: user.name, groups: user.groups, from, auditID, seconds, signal };
    const record = await context.captures.capture({ pod, container, address }, wishes, caller);
    const annotations = { 'stillframe.io/archive': record.path, 'stillframe.io/container-id': record.containerId };
    return { ...json(`{"items":[${JSON.stringify(record.path)}]}`), annotations };
  } catch (error) {
    if (isCode(error, 'ERR_KUBELET_CAPTURES_BUSY')) return tooMany(RETRY_SECONDS);
    return text(500, `checkpointing of ${kubeNamespace}/${podName}/${harmless(name)} failed (${failureText(error)})`);
  }
}
