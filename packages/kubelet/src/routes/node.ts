/** What a node says of itself: health, metrics, pods, configuration. */
import { type Container, ContainerState } from '@stillframe/cri/proto';
import { type Answer, json, text } from '../http/answer.ts';
import { listPods } from '../pods/find.ts';
import { podList } from '../pods/pod-list.ts';
import { type Call, failureText, type RouteContext } from './route.ts';

export async function healthz(): Promise<Answer> {
  return text(200, 'ok');
}

export async function metrics(context: RouteContext): Promise<Answer> {
  return context.metrics ? { status: 200, ...(await context.metrics()) } : text(404, '404 page not found\n');
}

export async function pods(context: RouteContext, call: Call): Promise<Answer> {
  try {
    const found = await listPods(context.cri, { signal: call.signal });
    return json(JSON.stringify(podList(found, context.nodeName, context.cri.version.runtimeName, context.kept?.())));
  } catch (error) {
    return text(500, failureText(error));
  }
}

/** Pods that run, by the runtime's own word and with nothing but their containers' names and images. */
export async function runningPods(context: RouteContext, call: Call): Promise<Answer> {
  try {
    const found = await listPods(context.cri, { signal: call.signal });
    const items = found
      .map(({ sandbox, containers }) => ({ metadata: sandbox.metadata, containers: containers.filter(runs) }))
      .filter(({ containers }) => containers.length > 0)
      .map(({ metadata, containers }) => ({
        metadata: { name: metadata?.name, namespace: metadata?.namespace, uid: metadata?.uid, creationTimestamp: null },
        spec: {
          containers: containers.map((each) => ({ name: each.metadata?.name, image: each.imageRef, resources: {} })),
        },
        status: {},
      }));
    return json(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items }));
  } catch (error) {
    return text(500, failureText(error));
  }
}

export async function configz(context: RouteContext): Promise<Answer> {
  return json(JSON.stringify({ kubeletconfig: context.configuration }));
}

function runs({ state }: Container): boolean {
  return state === ContainerState.CONTAINER_RUNNING;
}
