/** CRI-O's archives: Kubernetes facts stand in the annotations of spec.dump (checkpoint-spec 2.4 to 2.6). */
import { isObject } from '@stillframe/core';
import type { Documents } from '../metadata/documents.ts';
import { textEntries } from '../metadata/json-fields.ts';
import {
  type CheckpointMetadata,
  type EngineDialect,
  presentEntry,
  sharedMetadata,
  splitKubernetesName,
} from './dialect.ts';

const PREFIX = 'io.kubernetes.cri-o.';
/** The entry that holds the container's log is literally named so. */
export const CRIO_LOG_ENTRY = `${PREFIX}LogPath`;

/** Known by the annotation `io.container.manager`. */
export const crio: EngineDialect = {
  engine: 'cri-o',
  detect: (_entries, spec) => spec?.annotations.get('io.container.manager') === 'cri-o',
  readMetadata: (documents, entries) => ({
    ...readCrioLayout(documents),
    logEntry: presentEntry(entries, CRIO_LOG_ENTRY),
  }),
};

/** Metadata of the CRI-O layout, which Stillframe writes too. */
export function readCrioLayout(documents: Documents): CheckpointMetadata {
  const shared = sharedMetadata(documents);
  const spec = documents.spec?.annotations ?? new Map<string, string>();
  const named = (key: string) => spec.get(PREFIX + key) || undefined;
  const kubernetes = (key: string) => spec.get(`io.kubernetes.${key}`) || undefined;
  const parts = splitKubernetesName(shared.container.name ?? named('Name'));
  const name = textsOf(named('Metadata'))['name'];
  return {
    ...shared,
    engine: 'cri-o',
    container: {
      id: shared.container.id ?? named('ContainerID'),
      name: name ?? kubernetes('container.name') ?? parts?.container ?? shared.container.name,
      podName: kubernetes('pod.name') ?? parts?.podName,
      kubeNamespace: kubernetes('pod.namespace') ?? parts?.kubeNamespace,
      podUid: kubernetes('pod.uid') ?? parts?.podUid,
      sandboxId: named('SandboxID'),
    },
    image: {
      name: shared.image.name ?? named('ImageName'),
      ref: shared.image.ref ?? named('ImageRef'),
      requested: shared.image.requested ?? named('Image'),
    },
    created: shared.created ?? named('Created'),
    ip: named('IP.0'),
    annotations: textsOf(named('Annotations')),
    labels: textsOf(named('Labels')),
  };
}

/** The texts of a JSON object inside an annotation; CRI-O writes `null` for an empty one. */
function textsOf(json: string | undefined): Readonly<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(json ?? 'null');
    return isObject(value) ? Object.fromEntries(textEntries(value)) : {};
  } catch {
    return {};
  }
}
