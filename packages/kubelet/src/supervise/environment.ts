/** Variables of a container: where values come from, and $(VAR) in values, commands and arguments. */
import { kubeletError } from '../errors.ts';
import type { Manifest } from '../manifest/documents.ts';
import { keyedField } from '../manifest/environment-schema.ts';
import type { Container, Pod } from '../manifest/pod-schema.ts';

/** Where ConfigMaps and Secrets are looked for. */
export type Sources = Pick<Manifest, 'configMaps' | 'secrets'>;

/** What a pod is told of itself. */
export interface PodFacts {
  readonly pod: Pod;
  readonly uid: string;
  readonly nodeName: string;
  readonly hostIP: string;
  /** The first is the main one. */
  readonly podIPs: readonly string[];
}

/** What `fieldPath` says of the pod; empty for a label that is not there, as with Kubernetes. */
export function fieldOf({ pod, uid, nodeName, hostIP, podIPs }: PodFacts, fieldPath: string): string {
  const { name, namespace, labels, annotations } = pod.metadata;
  const keyed = keyedField(fieldPath);
  if (keyed) return (keyed.field === 'labels' ? labels : annotations)[keyed.key] ?? '';
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'metadata.labels': quotedLines(labels),
    'metadata.annotations': quotedLines(annotations),
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': 'default',
    'status.hostIP': hostIP,
    'status.hostIPs': hostIP,
    'status.podIP': podIPs[0] ?? '',
    'status.podIPs': podIPs.join(','),
  };
  return fields[fieldPath] ?? '';
}

/** `key="value"` lines, as the downward API writes maps. */
function quotedLines(map: Readonly<Record<string, string>>): string {
  const keys = Object.keys(map).toSorted();
  return keys.map((key) => `${key}=${JSON.stringify(map[key])}`).join('\n');
}

/** Bytes by variable, in the order of the manifest. Throws ERR_KUBELET_CONTAINER for a source that is not there. */
export function environmentOf(container: Container, facts: PodFacts, sources: Sources): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const namespace = facts.pod.metadata.namespace;
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    const ref = configMapRef ?? secretRef;
    if (!ref) continue;
    const texts = textsOf(sources, configMapRef ? 'configMaps' : 'secrets', namespace, ref.name, ref.optional);
    for (const [key, value] of texts ?? []) found.set(prefix + key, value);
  }
  const plain = (name: string) => {
    const bytes = found.get(name);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  };
  for (const { name, value = '', valueFrom } of container.env) {
    if (!valueFrom) {
      found.set(name, Buffer.from(expand(value, plain)));
      continue;
    }
    const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    if (fieldRef) found.set(name, Buffer.from(fieldOf(facts, fieldRef.fieldPath)));
    const ref = configMapKeyRef ?? secretKeyRef;
    if (!ref) continue;
    const kind = configMapKeyRef ? 'configMaps' : 'secrets';
    const bytes = textsOf(sources, kind, namespace, ref.name, ref.optional)?.get(ref.key);
    if (bytes) found.set(name, bytes);
    else if (!ref.optional) throw missing(`there is no key ${ref.key} in the ${WORDS[kind]} ${namespace}/${ref.name}`);
  }
  return found;
}

const WORDS = { configMaps: 'ConfigMap', secrets: 'Secret' } as const;

/** Undefined for one that is not there and may be so. Throws ERR_KUBELET_CONTAINER. */
export function textsOf(
  sources: Sources,
  kind: keyof Sources,
  namespace: string,
  name: string,
  optional: boolean,
): ReadonlyMap<string, Uint8Array> | undefined {
  const texts = sources[kind].get(`${namespace}/${name}`);
  if (texts || optional) return texts;
  throw missing(`there is no ${WORDS[kind]} ${namespace}/${name} in the manifests`);
}

function missing(fact: string) {
  return kubeletError('ERR_KUBELET_CONTAINER', fact, {
    hint: 'ConfigMaps and Secrets are looked for in the file of the pod and in the others of its folder',
  });
}

/** `$(NAME)` becomes the value, `$$` a dollar sign; a name that is not known stays as it stands (Kubernetes, expansion). */
export function expand(text: string, variable: (name: string) => string | undefined): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variable(name) ?? whole),
  );
}
