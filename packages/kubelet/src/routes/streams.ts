/** /exec, /attach and /portForward: the runtime says where the streams are, and the connection is handed on to there. */
import { harmless, StillframeError } from '@stillframe/core';
import { rpcErrorText } from '@stillframe/cri/client';
import type { Container } from '@stillframe/cri/proto';
import { type Answer, text, type Upgrade } from '../http/answer.ts';
import { findPod, type Pod, runningContainer } from '../pods/find.ts';
import { type Call, failureText, type RouteContext } from './route.ts';

/** Seconds after which a runtime forgets addresses that nobody called: it has too many, so that is when to try again. */
const RETRY_SECONDS = 60;
/** Sub-protocols of a WebSocket that carries SPDY, in which the ports are named later. */
const TUNNELS = ['SPDY/3.1+portforward.k8s.io'];

/** Which streams a query asks for; a kubelet's parameters are `1` or nothing. */
interface Streams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export async function exec(context: RouteContext, call: Call): Promise<Answer | Upgrade> {
  const streams = streamsOf(call.query);
  if (!streams) return text(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return onContainer(context, call, async (containerId) => {
    const request = { containerId, cmd: call.query.getAll('command'), ...streams };
    return (await context.cri.runtime.exec(request, { signal: call.signal })).url;
  });
}

export async function attach(context: RouteContext, call: Call): Promise<Answer | Upgrade> {
  const streams = streamsOf(call.query);
  if (!streams) return text(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return onContainer(
    context,
    call,
    async (containerId) => (await context.cri.runtime.attach({ containerId, ...streams }, { signal: call.signal })).url,
  );
}

export async function portForward(context: RouteContext, call: Call): Promise<Answer | Upgrade> {
  const port = portsOf(call);
  if ('status' in port) return port;
  const { namespace: kubeNamespace = '', pod: podName = '', uid } = call.params;
  return withStreams(call, async () => {
    const pod = await findPod(context.cri, { kubeNamespace, pod: podName }, { signal: call.signal });
    if (!pod) return text(404, 'pod does not exist');
    if (uid && pod.sandbox.metadata?.uid !== uid) return text(404, 'pod not found');
    if (call.upgrade === undefined) return noUpgrade();
    const request = { podSandboxId: pod.sandbox.id, port: port.ports };
    return (await context.cri.runtime.portForward(request, { signal: call.signal })).url;
  });
}

/** The container that a request names, by pod uid where it gives one, or a kubelet's words for there being none. */
export function containerFor(pod: Pod, { params }: Call): Container | Answer {
  const { container: name = '', uid } = params;
  const fits = uid === undefined || uid === pod.sandbox.metadata?.uid;
  const found = fits ? runningContainer(pod, name) : undefined;
  return found ?? text(500, `container not found (${JSON.stringify(harmless(name))})`);
}

async function onContainer(
  context: RouteContext,
  call: Call,
  address: (containerId: string) => Promise<string>,
): Promise<Answer | Upgrade> {
  const { namespace: kubeNamespace = '', pod: podName = '' } = call.params;
  return withStreams(call, async () => {
    const pod = await findPod(context.cri, { kubeNamespace, pod: podName }, { signal: call.signal });
    if (!pod) return text(404, 'pod does not exist');
    const container = containerFor(pod, call);
    if ('status' in container) return container;
    return call.upgrade === undefined ? noUpgrade() : address(container.id);
  });
}

async function withStreams(call: Call, ask: () => Promise<string | Answer>): Promise<Answer | Upgrade> {
  try {
    const said = await ask();
    if (typeof said !== 'string') return said;
    const url = URL.canParse(said) ? new URL(said) : undefined;
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return { upgradeTo: url };
    return text(500, 'the runtime gave no address that streams could be served at');
  } catch (error) {
    call.signal.throwIfAborted();
    if (!StillframeError.is(error) || !('rpc' in error.details)) return text(500, failureText(error));
    // As the streaming library of a kubelet answers what the runtime says.
    if (error.kind === 'not-found') return text(404, rpcErrorText(error));
    if (error.kind !== 'resource-exhausted') return text(500, rpcErrorText(error));
    return text(429, rpcErrorText(error), { 'retry-after': String(RETRY_SECONDS) });
  }
}

function streamsOf(query: URLSearchParams): Streams | undefined {
  const asked = (name: string) => query.get(name) === '1';
  const tty = asked('tty');
  // A terminal has one output.
  const streams = { stdin: asked('input'), stdout: asked('output'), stderr: asked('error') && !tty, tty };
  return streams.stdin || streams.stdout || streams.stderr ? streams : undefined;
}

/** Ports stand in the query where the protocol has no other place for them: a WebSocket without a tunnel. */
function portsOf({ query, upgrade, protocols }: Call): { ports: number[] } | Answer {
  if (upgrade !== 'websocket' || protocols.some((name) => TUNNELS.includes(name))) return { ports: [] };
  const wanted = query.getAll('port').flatMap((value) => value.split(','));
  if (wanted.length === 0) return text(400, 'query parameter "port" is required');
  const bad = wanted.find((port) => !/^[0-9]{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535);
  if (bad !== undefined) return text(400, `invalid port ${JSON.stringify(harmless(bad))}`);
  return { ports: wanted.map(Number) };
}

function noUpgrade(): Answer {
  return text(500, 'Upgrade request required\n');
}
