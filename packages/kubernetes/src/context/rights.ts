/** What a pod's service account may do: the bindings that name it, or a group that it is of, and the roles behind them. */
import { listAt, textAt } from '@stillframe/core';
import { apiPath, type CallOptions, type ClusterApi } from '../api/cluster-api.ts';

const RBAC = ['apis', 'rbac.authorization.k8s.io', 'v1'] as const;

/** Bindings and roles as the API server told them. */
export interface Rights {
  readonly bindings: readonly unknown[];
  readonly roles: readonly unknown[];
}

/** Throws what the API server says, as to a user who may not list bindings. */
export async function rightsOf(
  api: ClusterApi,
  { kubeNamespace, account }: { kubeNamespace: string; account: string },
  options: CallOptions,
): Promise<Rights> {
  const inNamespace = [...RBAC, 'namespaces', kubeNamespace];
  const [own, whole] = await Promise.all([
    api.list(apiPath(...inNamespace, 'rolebindings'), {}, options),
    api.list(apiPath(...RBAC, 'clusterrolebindings'), {}, options),
  ]);
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${kubeNamespace}`, 'system:authenticated'];
  const isMeant = (subject: unknown): boolean => {
    const [kind, name, place] = ['kind', 'name', 'namespace'].map((key) => textAt(subject, key));
    if (kind === 'Group') return groups.includes(name ?? '');
    if (kind === 'User') return name === `system:serviceaccount:${kubeNamespace}:${account}`;
    return kind === 'ServiceAccount' && name === account && place === kubeNamespace;
  };
  const bindings = [...own, ...whole].filter((binding) => listAt(binding, 'subjects').some(isMeant));
  const paths = bindings.map((binding) => {
    const name = textAt(binding, 'roleRef', 'name');
    return textAt(binding, 'roleRef', 'kind') === 'Role'
      ? apiPath(...inNamespace, 'roles', name)
      : apiPath(...RBAC, 'clusterroles', name);
  });
  const roles: unknown[] = [];
  for (const path of new Set(paths)) roles.push(await api.get(path, options));
  return { bindings, roles };
}
