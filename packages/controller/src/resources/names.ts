/** Names that stand in the cluster: the group, labels, annotations, the finalizer. */
import { apiPath } from '@stillframe/kubernetes';

export const GROUP = 'stillframe.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

/** On a pod: asks for a checkpoint, whatever its value. */
export const CHECKPOINT_ANNOTATION = `${GROUP}/checkpoint`;
/** On a pod: the Checkpoint that its annotation has become; goes once that stands in the cluster. */
export const REQUEST_ANNOTATION = `${GROUP}/checkpoint-request`;
/** On a pod: uid of the Checkpoint that shuts it off. */
export const QUARANTINE_LABEL = `${GROUP}/quarantine`;
/** On a pod: the labels that its quarantine took away, as JSON. */
export const LABELS_BEFORE_ANNOTATION = `${GROUP}/labels-before-quarantine`;
/** On a Checkpoint: retention leaves it. */
export const KEEP_ANNOTATION = `${GROUP}/keep`;
/** Label of a Checkpoint that a policy made, without the group before it: seconds since 1970 until which limits may count it. */
export const COUNTS_UNTIL = 'counts-until';
/** On a Checkpoint that made something which must go with it. */
export const QUARANTINE_FINALIZER = `${GROUP}/quarantine`;

export type Plural = 'checkpoints' | 'checkpointschedules' | 'checkpointpolicies';

/** Path of a list of custom resources: of one namespace, or of all. */
export function listPath(plural: Plural, kubeNamespace?: string): string {
  const place = kubeNamespace === undefined ? [] : ['namespaces', kubeNamespace];
  return apiPath('apis', GROUP, VERSION, ...place, plural);
}

/** Path of one custom resource, or of something below it, as `status`. */
export function objectPath(
  plural: Plural,
  { kubeNamespace, name }: { kubeNamespace: string; name: string },
  ...below: readonly string[]
): string {
  return apiPath('apis', GROUP, VERSION, 'namespaces', kubeNamespace, plural, name, ...below);
}
