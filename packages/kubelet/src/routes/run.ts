/** POST /run/{namespace}/{pod}/{container}?cmd=…: a command's output, as a kubelet gives it. */
import { harmless } from '@stillframe/core';
import { type Answer, json, text } from '../http/answer.ts';
import { findPod } from '../pods/find.ts';
import { type Call, failureText, type RouteContext } from './route.ts';
import { containerFor } from './streams.ts';

/** Milliseconds that a command may take; the caller's going away ends it sooner. */
const LONGEST = 3_600_000;

export async function run(context: RouteContext, call: Call): Promise<Answer> {
  const { namespace: kubeNamespace = '', pod: podName = '' } = call.params;
  const { signal } = call;
  try {
    const pod = await findPod(context.cri, { kubeNamespace, pod: podName }, { signal });
    if (!pod) return text(404, 'pod does not exist');
    const container = containerFor(pod, call);
    if ('status' in container) return container;
    const cmd = (call.query.get('cmd') ?? '').split(' ');
    const { runtime } = context.cri;
    const request = { containerId: container.id, cmd, timeout: 0n };
    const { stdout, stderr, exitCode } = await runtime.execSync(request, { signal, timeoutMs: LONGEST });
    if (exitCode === 0) return json(Buffer.concat([stdout, stderr]));
    const words = harmless(Buffer.from(stderr).toString());
    return text(500, `command '${harmless(cmd.join(' '))}' exited with ${exitCode}: ${words}`);
  } catch (error) {
    return text(500, failureText(error));
  }
}
