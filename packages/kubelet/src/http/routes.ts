/** What the kubelet-compatible API answers, one row a route. */
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import { rpcErrorText } from '@stillframe/cri/client';
import { type CaptureContext, type CheckpointRecord, captureContainer } from '../checkpoint/capture.ts';
import { isDnsLabel, isDnsSubdomain } from '../checkpoint/names.ts';
import { boundedTimeout, parseTimeout } from '../checkpoint/timeout.ts';
import { findPod, hasContainer, listPods } from '../pods/find.ts';
import { podList } from '../pods/pod-list.ts';
import { type Answer, json, text } from './answer.ts';

/** What every route may use. */
export interface RouteContext extends CaptureContext {
  readonly nodeName: string;
  /** Told of every capture before the answer goes out; when it throws, so does the request. */
  readonly onCheckpoint: (record: CheckpointRecord) => Promise<void> | void;
  /** The text of /metrics; undefined where the node measures nothing. */
  readonly metrics: (() => Promise<MetricsText>) | undefined;
}

/** Metrics in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/** One authenticated and allowed request. */
export interface Call {
  /** Values of the path's parameters, decoded but not judged. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly user: string;
  readonly from: string;
  /** Aborts when the client goes away or the server ends. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments of the path; `:name` takes any one segment. */
  readonly path: readonly string[];
  /** What Kubernetes calls it when rights are judged, below `nodes`. */
  readonly subresources: readonly string[];
  readonly answer: (context: RouteContext, call: Call) => Promise<Answer>;
}

/** All routes. */
export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: ['checkpoint', ':namespace', ':pod', ':container'],
    subresources: ['checkpoint'],
    answer: checkpoint,
  },
  { method: 'GET', path: ['healthz'], subresources: ['healthz', 'proxy'], answer: async () => text(200, 'ok') },
  { method: 'GET', path: ['metrics'], subresources: ['metrics', 'proxy'], answer: metrics },
  { method: 'GET', path: ['pods'], subresources: ['pods', 'proxy'], answer: pods },
];

/** A route that matches the path, with the parameters; several when methods differ. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The routes of `pathname`. Throws URIError for a percent sign that escapes nothing. */
export function matchRoutes(pathname: string): Match[] {
  const segments = pathname.slice(1).split('/').map(decodeURIComponent);
  return ROUTES.flatMap((route) => {
    if (route.path.length !== segments.length) return [];
    const params: Record<string, string> = {};
    for (const [index, wanted] of route.path.entries()) {
      const segment = segments[index] ?? '';
      if (wanted.startsWith(':')) params[wanted.slice(1)] = segment;
      else if (wanted !== segment) return [];
    }
    return [{ route, params }];
  });
}

/** Statuses and bodies to the letter of a kubelet's. */
async function checkpoint(context: RouteContext, call: Call): Promise<Answer> {
  const { namespace: kubeNamespace = '', pod: podName = '', container = '' } = call.params;
  const address = { kubeNamespace, pod: podName, container };
  // No pod has such a name, so this is no special case to a client, and none can lead out of the folder.
  if (!isDnsLabel(kubeNamespace) || !isDnsSubdomain(podName)) return text(404, 'pod does not exist');
  try {
    const pod = await findPod(context.cri, address, { signal: call.signal });
    if (!pod) return text(404, 'pod does not exist');
    if (!isDnsLabel(container) || !hasContainer(pod, container)) {
      return text(404, `container ${harmless(container)} does not exist`);
    }
    const asked = parseTimeout(call.query);
    if (asked === undefined) return text(404, 'cannot parse value of timeout parameter');
    const { user, from, signal } = call;
    const seconds = boundedTimeout(asked);
    const record = await captureContainer(context, { pod, address, seconds, user, from, signal });
    await context.onCheckpoint(record);
    return json(`{"items":[${JSON.stringify(record.path)}]}`);
  } catch (error) {
    return text(500, `checkpointing of ${kubeNamespace}/${podName}/${container} failed (${failureText(error)})`);
  }
}

async function metrics(context: RouteContext): Promise<Answer> {
  return context.metrics ? { status: 200, ...(await context.metrics()) } : text(404, '404 page not found\n');
}

async function pods(context: RouteContext, call: Call): Promise<Answer> {
  try {
    const found = await listPods(context.cri, { signal: call.signal });
    return json(JSON.stringify(podList(found, context.nodeName, context.cri.version.runtimeName)));
  } catch (error) {
    return text(500, failureText(error));
  }
}

/** What came over gRPC in the words of Go clients, anything else as it is. */
function failureText(error: unknown): string {
  const overGrpc = StillframeError.is(error) && 'rpc' in error.details;
  return overGrpc ? rpcErrorText(error) : messageOf(error);
}
