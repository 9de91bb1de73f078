/** A checkpoint by the kubelet of a pod's node, asked through the API server's node proxy. */
import { isCode, StillframeError } from '@stillframe/core';
import { archiveIn, LEAST_TIMEOUT } from '@stillframe/kubelet/client';
import { type ApiAnswer, excerpt, failureOf, statusIn } from '../api/answer.ts';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import { clusterError } from '../errors.ts';

export interface NodeCheckpoint {
  readonly node: string;
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly container: string;
  /** Whole seconds; a kubelet raises fewer than 120 to 120. */
  readonly timeout: number;
}

/** Seconds that an answer may come later than the runtime's time is over. */
const GRACE = 30;
/** Bytes of an answer. */
const LARGEST = 1 << 20;

/** What runtimes say that cannot. */
const NO_CRIU =
  /code = Unimplemented|checkpoint\/restore support not available|CRIU binary not found|CRIU .*(?:not found|not available)|failed to check(?:point)?.*criu.*(?:not found|version)/i;

/**
 * Has a container captured; answers the archive's absolute path on the node, which is untrusted. Throws ERR_CLUSTER_FORBIDDEN with
 * the right that the user lacks, ERR_CLUSTER_NODE_*, ERR_CLUSTER_NOT_FOUND, ERR_CLUSTER_CHECKPOINT_FAILED, and the reason of the signal.
 */
export async function checkpointOnNode(
  api: ClusterApi,
  { node, kubeNamespace, pod, container, timeout }: NodeCheckpoint,
  { signal }: CallOptions = {},
): Promise<string> {
  const names = ['checkpoint', kubeNamespace, pod, container];
  const path = `${apiPath('api', 'v1', 'nodes', node, 'proxy', ...names)}?timeout=${timeout}`;
  const seconds = Math.max(timeout, LEAST_TIMEOUT) + GRACE;
  const answer = await api.ask({ method: 'POST', path, seconds, most: LARGEST, signal });
  const status = answer.status === 200 ? undefined : statusIn(answer.body);
  if (status) throw apiFailure(answer, node);
  try {
    return archiveIn(answer);
  } catch (error) {
    throw nodeFailure(error, node, `${kubeNamespace}/${pod}/${container}`);
  }
}

/** The API server's own no, and what it says of a node that it does not reach. */
function apiFailure(answer: ApiAnswer, node: string): StillframeError {
  const failure = failureOf(answer, `node ${node}`);
  if (
    !/dial tcp|error trying to reach service|no route to host|connection refused|i\/o timeout|EOF/.test(failure.message)
  ) {
    return failure;
  }
  const { message, details } = failure;
  return clusterError('ERR_CLUSTER_NODE_UNREACHABLE', `the kubelet of ${node} is not reached: ${message}`, { details });
}

/** The kubelet's no, told of a node of a cluster. */
function nodeFailure(error: unknown, node: string, container: string): unknown {
  if (!StillframeError.is(error)) return error;
  const { details, hint } = error;
  const said = excerpt(error.message);
  const facts = { cause: error, details: { ...details, node } };
  if (isCode(error, 'ERR_KUBELET_FORBIDDEN') || isCode(error, 'ERR_KUBELET_UNAUTHENTICATED')) {
    return clusterError('ERR_CLUSTER_NODE_FORBIDS', `the kubelet of ${node} refuses the API server: ${said}`, facts);
  }
  if (isCode(error, 'ERR_KUBELET_NO_CHECKPOINTS')) {
    return clusterError(
      'ERR_CLUSTER_NODE_NO_CHECKPOINTS',
      `the kubelet of ${node} makes no checkpoints: ${said}`,
      facts,
    );
  }
  if (isCode(error, 'ERR_KUBELET_NOT_FOUND')) {
    return clusterError('ERR_CLUSTER_NOT_FOUND', `${container} is gone from ${node}: ${said}`, facts);
  }
  if (!isCode(error, 'ERR_KUBELET_FAILED')) return error;
  if (NO_CRIU.test(said)) {
    return clusterError('ERR_CLUSTER_NODE_NO_CRIU', `the runtime of ${node} cannot checkpoint: ${said}`, facts);
  }
  return clusterError('ERR_CLUSTER_CHECKPOINT_FAILED', `${container} on ${node}: ${said}`, {
    ...facts,
    ...(hint === undefined ? {} : { hint }),
  });
}
