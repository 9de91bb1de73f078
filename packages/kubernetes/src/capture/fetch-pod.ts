/** The pod that hands an archive over: it sees the one folder, cannot write to it, and ends by itself whatever becomes of us. */
import { randomBytes } from 'node:crypto';
import { at, harmless, listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import { clusterError } from '../errors.ts';
import { type PodName, podPath } from '../pods/pod.ts';
import { waitFor } from '../pods/wait.ts';

export interface FetchPodOptions extends CallOptions {
  readonly node: string;
  /** Folder of the node that is mounted, absolute. */
  readonly folder: string;
  readonly kubeNamespace: string;
  /** An image with sh, sleep, cat and sha256sum. */
  readonly image: string;
  /** Seconds that it may live at most. */
  readonly seconds: number;
}

export interface FetchPod extends AsyncDisposable {
  readonly name: PodName;
  readonly container: string;
}

const CONTAINER = 'fetch';
/** Where it finds the folder. */
export const MOUNTED = '/checkpoints';
/** Milliseconds between two looks, and until it must run: an image may have to be pulled. */
const LOOK = 500;
const START = 180_000;
/** Milliseconds that removing may take. */
const REMOVAL = 30_000;
/** Reasons of a waiting container that no patience mends. */
const HOPELESS = [
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ImagePullBackOff',
];

function fetchPodManifest({ node, folder, kubeNamespace, image, seconds }: FetchPodOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `stillframe-fetch-${randomBytes(5).toString('hex')}`,
      namespace: kubeNamespace,
      labels: { 'app.kubernetes.io/name': 'stillframe-fetch', 'app.kubernetes.io/managed-by': 'stillframe' },
    },
    spec: {
      // Where the archive lies there is no choice, and a node that is cordoned or tainted has it still.
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      activeDeadlineSeconds: seconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: 0, runAsGroup: 0, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: CONTAINER,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sleep', String(seconds)],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            // Archives are root's and for root alone, so root without any further right can read them.
            capabilities: { drop: ['ALL'] },
          },
          resources: { limits: { memory: '64Mi' }, requests: { cpu: '10m', memory: '16Mi' } },
          volumeMounts: [{ name: 'checkpoints', mountPath: MOUNTED, readOnly: true }],
        },
      ],
      volumes: [{ name: 'checkpoints', hostPath: { path: folder, type: 'Directory' } }],
    },
  };
}

/**
 * Creates it and waits until it runs; disposal removes it. Throws ERR_CLUSTER_NOT_RUNNING with the reason where it does not start,
 * and what the API server says.
 */
export async function openFetchPod(api: ClusterApi, options: FetchPodOptions): Promise<FetchPod> {
  const { kubeNamespace, signal } = options;
  const path = apiPath('api', 'v1', 'namespaces', kubeNamespace, 'pods');
  const manifest = fetchPodManifest(options);
  const name = { kubeNamespace, pod: textAt(manifest, 'metadata', 'name') };
  // A signal that ends us cleans up all the same, so removing does not heed it.
  const remove = () => api.remove(podPath(name), { graceSeconds: 0, signal: AbortSignal.timeout(REMOVAL) });
  try {
    await api.create(path, manifest, { signal });
    await untilRunning(api, name, signal);
  } catch (error) {
    // Where creating failed it may be there for all that: an answer can be lost.
    await remove().catch(() => undefined);
    throw error;
  }
  return { name, container: CONTAINER, [Symbol.asyncDispose]: remove };
}

async function untilRunning(api: ClusterApi, name: PodName, signal: AbortSignal | undefined): Promise<void> {
  const until = performance.now() + START;
  for (;;) {
    const pod = await api.get(podPath(name), { signal });
    const status = listAt(pod, 'status', 'containerStatuses')[0];
    if (at(status, 'state', 'running') !== undefined) return;
    const reason = textAt(status, 'state', 'waiting', 'reason') || textAt(pod, 'status', 'reason');
    const message = textAt(status, 'state', 'waiting', 'message') || textAt(pod, 'status', 'message');
    const phase = textAt(pod, 'status', 'phase');
    const over = phase === 'Failed' || phase === 'Succeeded' || HOPELESS.includes(reason);
    if (over || performance.now() > until) {
      const why = harmless(`${phase} ${reason} ${message}`.trim().slice(0, 500));
      throw clusterError('ERR_CLUSTER_NOT_RUNNING', `the pod that is to fetch the archive does not start: ${why}`, {
        hint: 'an image with sleep, stat, cat and sha256sum that the node can pull: name it with --fetch-image; or leave the archive with --no-fetch',
      });
    }
    await waitFor(LOOK, signal);
  }
}
