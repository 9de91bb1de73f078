/** `--cluster`, `--context`, `--kubeconfig` and what goes with them: a Kubernetes cluster instead of one node. */
import type { ClusterAccess, ClusterApi } from '@stillframe/kubernetes';
import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** Which cluster. */
export interface ContextPlace {
  context?: string;
  kubeconfig?: string;
}

/** Options of commands that can ask a cluster. */
export interface ClusterPlace extends ContextPlace {
  cluster?: boolean;
  namespace?: string;
}

export function withContext(command: Command): Command {
  return command
    .option('--context <name>', 'the cluster of this context; by default the kubeconfig’s current one')
    .option('--kubeconfig <file>', 'kubeconfig; by default what KUBECONFIG names, else ~/.kube/config');
}

export function withCluster(command: Command): Command {
  const described = command.option('--cluster', 'in a Kubernetes cluster; the next two say so, too');
  return withContext(described).option(
    '-n, --namespace <name>',
    'in a cluster: namespace of a pod that is named without one',
  );
}

/** Whether a cluster is meant. */
export function meansCluster({ cluster, context, kubeconfig }: ClusterPlace): boolean {
  return cluster === true || context !== undefined || kubeconfig !== undefined;
}

/** Throws ERR_CLUSTER_KUBECONFIG. */
export async function openCluster({ context, kubeconfig }: ContextPlace, io: Io): Promise<ClusterApi> {
  // Loaded where a cluster is meant: a reader of YAML is a tenth of the start of a command.
  const { openClusterApi, openKubeconfig } = await import('@stillframe/kubernetes');
  return openClusterApi(await openKubeconfig({ file: kubeconfig, context, env: io.env }));
}

/** In a pod as its service account, unless another way is named. Throws ERR_CLUSTER_KUBECONFIG, ERR_CLUSTER_NO_CLUSTER. */
export async function openAccessHere({ context, kubeconfig }: ContextPlace, { env }: Io): Promise<ClusterAccess> {
  const { openKubeconfig, openServiceAccount } = await import('@stillframe/kubernetes');
  const isInPod = !meansCluster({ context, kubeconfig }) && env['KUBERNETES_SERVICE_HOST'] !== undefined;
  return isInPod ? await openServiceAccount({ env }) : await openKubeconfig({ file: kubeconfig, context, env });
}

/** The pod that hands an archive over. */
export function withFetching(command: Command): Command {
  return command
    .option(
      '--fetch-image <image>',
      'in a cluster: image of the pod that hands the archive over, with sleep, stat, cat and sha256sum',
      'docker.io/library/busybox:stable',
    )
    .option(
      '--fetch-namespace <name>',
      'in a cluster: namespace of that pod, which must allow hostPath',
      'kube-system',
    );
}
