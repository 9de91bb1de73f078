/** `--cluster`, `--context`, `--kubeconfig` and what goes with them: a Kubernetes cluster instead of one node. */
import { type ClusterApi, openClusterApi, openKubeconfig } from '@stillframe/kubernetes';
import type { Command } from 'commander';
import type { Io } from '../io.ts';

/** Options of commands that can ask a cluster. */
export interface ClusterPlace {
  cluster?: boolean;
  context?: string;
  kubeconfig?: string;
  namespace?: string;
}

export function withCluster(command: Command): Command {
  return command
    .option('--cluster', 'in the Kubernetes cluster of the kubeconfig’s current context; the next two say so, too')
    .option('--context <name>', 'in that of this context')
    .option('--kubeconfig <file>', 'kubeconfig; by default what KUBECONFIG names, else ~/.kube/config')
    .option('-n, --namespace <name>', 'in a cluster: namespace of a pod that is named without one');
}

/** Whether a cluster is meant. */
export function meansCluster({ cluster, context, kubeconfig }: ClusterPlace): boolean {
  return cluster === true || context !== undefined || kubeconfig !== undefined;
}

/** Throws ERR_CLUSTER_KUBECONFIG. */
export async function openCluster({ context, kubeconfig }: ClusterPlace, io: Io): Promise<ClusterApi> {
  return openClusterApi(await openKubeconfig({ file: kubeconfig, context, env: io.env }));
}
