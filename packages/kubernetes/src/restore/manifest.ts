/** The pod that restores a checkpoint: the one that it was taken of, where that is known, else as little as will do. */
import { PROVIDED_MOUNTS } from '@stillframe/checkpoint';
import { at, harmless, isObject, type JsonObject, listAt, textAt } from '@stillframe/core';
import { clusterError } from '../errors.ts';
import type { RestoreNeeds } from './needs.ts';

export interface ManifestOptions {
  readonly needs: RestoreNeeds;
  /** The checkpoint image, as a node's runtime can pull it. */
  readonly image: string;
  readonly name: string;
  readonly kubeNamespace: string;
  /** The pod that the checkpoint was taken of. */
  readonly like: JsonObject | undefined;
  /** Nodes that it may be put on. */
  readonly nodes: readonly string[];
  /** `cri-o` and others among them. */
  readonly runtimes: readonly string[];
  /** Whether it has the labels of that pod, so that services find it. */
  readonly keepLabels?: boolean;
}

export interface RestoreManifest {
  readonly pod: JsonObject;
  /** What whoever creates it should know, a sentence each, harmless. */
  readonly notes: readonly string[];
}

/** Where a kubelet mounts the file for a container's last words, whatever the pod says. */
const TERMINATION_LOG = '/dev/termination-log';
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount';
/** By a runtime, a kubelet or an admission plugin. */
const isProvided = (path: string) => PROVIDED_MOUNTS.has(path) || path === TERMINATION_LOG || path === TOKEN;
const RESTARTS =
  'a container that is restarted restores from the same checkpoint again: what it did in between is lost, and clients see the old state';

/** Throws ERR_CLUSTER_MOUNTS naming every mount that the checkpoint had and the pod does not declare. */
export function restoreManifest(options: ManifestOptions): RestoreManifest {
  const { needs, image, name, kubeNamespace, like, nodes, runtimes, keepLabels } = options;
  const labels = at(like, 'metadata', 'labels');
  const spec = like && isObject(like['spec']) ? cleanSpec(like['spec']) : minimalSpec(needs);
  const containers = listAt(spec, 'containers');
  const index = containers.findIndex((each) => textAt(each, 'name') === needs.container);
  const container = containers[index];
  if (!isObject(container)) {
    throw clusterError('ERR_CLUSTER_MOUNTS', `the pod to be like has no container ${harmless(needs.container)}`);
  }
  const had = new Set(needs.binds.map(({ path }) => path));
  demandMounts(needs, container);
  const notes = [RESTARTS];
  if (containers.length > 1) notes.push('the other containers of the pod begin anew: only one was restored');
  if (listAt(spec, 'initContainers').length > 0) notes.push('its init containers run again, before the restore');
  const automount = had.has(TOKEN);
  if (automount) notes.push('the service account’s token is a new one; the old one stands in the memory still');
  if (had.has('/etc/hosts') === false && at(spec, 'hostNetwork') === true) {
    notes.push('a kubelet mounts /etc/hosts, and the checkpoint had none: CRIU may refuse it');
  }
  const withBase = runtimes.includes('cri-o') && needs.baseImage !== undefined;
  if (withBase)
    notes.push(
      'an image volume that nothing mounts has the base image pulled to the node, which CRI-O does not do itself',
    );
  const base = { name: 'stillframe-base-image', image: { reference: needs.baseImage, pullPolicy: 'IfNotPresent' } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: kubeNamespace,
      labels: keepLabels && isObject(labels) ? labels : { 'app.kubernetes.io/managed-by': 'stillframe' },
      annotations: { 'io.stillframe.cluster/restored-from': image },
    },
    spec: {
      ...spec,
      automountServiceAccountToken: automount,
      containers: containers.with(index, { ...container, image }),
      volumes: [...listAt(spec, 'volumes'), ...(withBase ? [base] : [])],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodes.map(only) } },
      },
    },
  };
  if (like && !keepLabels)
    notes.push('labels and owner are left away, so that no controller or service takes it for one of its own');
  return { pod, notes };
}

const only = (node: string) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] });

/** What a cluster added, and what ties a pod to its node, goes. */
function cleanSpec(spec: JsonObject): JsonObject {
  const token = (name: string) => name.startsWith('kube-api-access-');
  const withoutToken = (container: unknown) => {
    if (!isObject(container)) return container;
    const mounts = listAt(container, 'volumeMounts').filter((mount) => !token(textAt(mount, 'name')));
    return { ...container, volumeMounts: mounts };
  };
  const { nodeName: _node, affinity: _affinity, ephemeralContainers: _ephemeral, ...kept } = spec;
  const lists = ['containers', 'initContainers'].filter((key) => Array.isArray(spec[key]));
  return {
    ...kept,
    ...Object.fromEntries(lists.map((key) => [key, listAt(spec, key).map(withoutToken)])),
    volumes: listAt(spec, 'volumes').filter((volume) => !token(textAt(volume, 'name'))),
  };
}

function minimalSpec({ container }: RestoreNeeds): JsonObject {
  return { restartPolicy: 'Never', containers: [{ name: container, imagePullPolicy: 'IfNotPresent' }] };
}

function demandMounts({ binds }: RestoreNeeds, container: JsonObject): void {
  const declared = new Set(
    listAt(container, 'volumeMounts').map((mount) => textAt(mount, 'mountPath').replace(/(?<=.)\/+$/, '')),
  );
  const missing = binds.filter(({ path }) => !isProvided(path) && !declared.has(path));
  if (missing.length === 0) return;
  const paths = missing.map(({ path }) => harmless(path));
  throw clusterError(
    'ERR_CLUSTER_MOUNTS',
    `the checkpoint had mounts that the pod does not declare: ${paths.join(', ')}`,
    {
      details: { missing: paths },
      hint: 'give the pod it was taken of with --like (its ARCHIVE.cluster.json, or a manifest), or add volumeMounts at these paths to that manifest',
    },
  );
}
