/** Network policies of a pod's namespace, and which of them select the pod. */
import { at, isObject, listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';
import type { FoundPod } from '../pods/pod.ts';

/** Throws what the API server says. */
export async function networkPoliciesOf(
  api: ClusterApi,
  { kubeNamespace, document }: Pick<FoundPod, 'kubeNamespace' | 'document'>,
  options: CallOptions,
): Promise<readonly { selects: boolean; policy: unknown }[]> {
  const path = apiPath('apis', 'networking.k8s.io', 'v1', 'namespaces', kubeNamespace, 'networkpolicies');
  const labels = at(document, 'metadata', 'labels');
  const policies = await api.list(path, {}, options);
  return policies.map((policy) => ({ selects: selects(at(policy, 'spec', 'podSelector'), labels), policy }));
}

/** Whether a label selector (`meta/v1`) takes these labels; one that is empty takes all. */
export function selects(selector: unknown, labels: unknown): boolean {
  const wanted = at(selector, 'matchLabels');
  const has = (key: string) => isObject(labels) && Object.hasOwn(labels, key);
  const labelOf = (key: string) => textAt(labels, key);
  const equal = Object.entries(isObject(wanted) ? wanted : {}).every(
    ([key, value]) => has(key) && labelOf(key) === value,
  );
  return (
    equal &&
    listAt(selector, 'matchExpressions').every((expression) => {
      const key = textAt(expression, 'key');
      const values = listAt(expression, 'values');
      switch (textAt(expression, 'operator')) {
        case 'In':
          return has(key) && values.includes(labelOf(key));
        case 'NotIn':
          return !has(key) || !values.includes(labelOf(key));
        case 'Exists':
          return has(key);
        case 'DoesNotExist':
          return !has(key);
        default:
          return false;
      }
    })
  );
}
