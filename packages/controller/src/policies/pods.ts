/** Of a pod what decides: little enough that all pods of a cluster can be kept. */
import { at, isObject, type JsonObject, listAt, textAt } from '@stillframe/core';
import { CHECKPOINT_ANNOTATION, REQUEST_ANNOTATION } from '../resources/names.ts';

export interface PodFacts {
  /** `NAMESPACE/NAME`. */
  readonly key: string;
  readonly kubeNamespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Containers that run, the default one first. */
  readonly running: readonly { readonly name: string; readonly id: string }[];
  /** Value of the annotation that asks for a checkpoint; undefined where there is none. */
  readonly annotation: string | undefined;
  /** The Checkpoint that such an annotation is becoming. */
  readonly request: string | undefined;
  /** Why it is about to go, in one word; undefined for one that is not. */
  readonly leaving: string | undefined;
  /** A drain leaves it. */
  readonly stays: boolean;
}

/** Labels, containers, and characters of an annotation that are kept. */
const MOST = { labels: 256, containers: 64, text: 256 };
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** Undefined for a pod that no node has. */
export function decodePod(document: JsonObject): PodFacts | undefined {
  const text = (...path: string[]) => textAt(document, ...path);
  const node = text('spec', 'nodeName');
  const phase = text('status', 'phase');
  if (node === '' || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const [kubeNamespace, name] = [text('metadata', 'namespace'), text('metadata', 'name')];
  const found = at(document, 'metadata', 'labels');
  const labels = Object.entries(isObject(found) ? found : {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const annotation = at(document, 'metadata', 'annotations', CHECKPOINT_ANNOTATION);
  const request = text('metadata', 'annotations', REQUEST_ANNOTATION);
  const owner = listAt(document, 'metadata', 'ownerReferences').find((each) => at(each, 'controller') === true);
  const kind = textAt(owner, 'kind');
  return {
    ...{ kubeNamespace, name, node, key: `${kubeNamespace}/${name}` },
    uid: text('metadata', 'uid'),
    resourceVersion: text('metadata', 'resourceVersion'),
    labels: Object.fromEntries(labels.slice(0, MOST.labels)),
    running: runningOf(document),
    annotation: typeof annotation === 'string' ? annotation.slice(0, MOST.text) : undefined,
    request: request === '' ? undefined : request.slice(0, MOST.text),
    leaving: leavingOf(document),
    stays: kind === 'DaemonSet' || kind === 'Node',
  };
}

function runningOf(document: JsonObject): PodFacts['running'] {
  const first = textAt(document, 'metadata', 'annotations', DEFAULT_CONTAINER);
  const running = listAt(document, 'status', 'containerStatuses')
    .filter((status) => at(status, 'state', 'running') !== undefined)
    .map((status) => ({
      name: textAt(status, 'name').slice(0, 63),
      id: textAt(status, 'containerID')
        .replace(/^.*:\/\//, '')
        .slice(0, 128),
    }))
    .slice(0, MOST.containers);
  return running.sort((a, b) => Number(b.name === first) - Number(a.name === first));
}

/** An eviction says so in a condition (DisruptionTarget); whatever deletes a pod gives it a time. */
function leavingOf(document: JsonObject): string | undefined {
  const disrupted = listAt(document, 'status', 'conditions').find(
    (each) => at(each, 'type') === 'DisruptionTarget' && at(each, 'status') === 'True',
  );
  if (disrupted !== undefined) return textAt(disrupted, 'reason').slice(0, MOST.text) || 'DisruptionTarget';
  return at(document, 'metadata', 'deletionTimestamp') === undefined ? undefined : 'Deleted';
}
