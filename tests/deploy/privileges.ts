/**
 * What the pods of deploy/ may do beyond what Pod Security calls restricted. THE table: what is not here is a fault, and so is a row for
 * which docs/collector.md gives no reason, or which nothing uses.
 */

/** One privilege of one workload, in the words that `privilegesOf` finds it by. */
export interface Privilege {
  /** `DaemonSet/stillframe-collector`, as the manifest names it. */
  readonly workload: string;
  readonly privilege: string;
  /** The value of the chart that alone gives it; none of the plain manifests does. */
  readonly only?: string;
}

const COLLECTOR = 'DaemonSet/stillframe-collector';

export const PRIVILEGES: readonly Privilege[] = [
  { workload: COLLECTOR, privilege: 'runs as root' },
  { workload: COLLECTOR, privilege: 'reads /var/lib/kubelet/checkpoints of the node' },
  { workload: COLLECTOR, privilege: 'writes /var/lib/stillframe-collector of the node' },
  { workload: COLLECTOR, privilege: 'runs on nodes with any taint' },
  { workload: COLLECTOR, privilege: 'has a token of the cluster', only: 'collector.report=true' },
  { workload: 'Deployment/stillframe-controller', privilege: 'has a token of the cluster' },
];

type Json = Readonly<Record<string, unknown>>;

/** A workload of a manifest, with its pod. */
export interface Workload {
  readonly name: string;
  readonly pod: Json;
}

/** The workloads among the objects of a manifest. */
export function workloadsOf(objects: readonly Json[]): Workload[] {
  return objects.flatMap((each) => {
    const spec = record(each['spec']);
    const template = record(record(record(spec['jobTemplate'])['spec'] ?? spec)['template']);
    const pod = each['kind'] === 'Pod' ? spec : record(template['spec']);
    return Object.keys(pod).length === 0 ? [] : [{ name: `${each['kind']}/${record(each['metadata'])['name']}`, pod }];
  });
}

/** All that a pod may beyond restricted, and all that it leaves open which it could shut: the policy in one function. */
export function privilegesOf({ pod }: Workload): string[] {
  const found: string[] = [];
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'])
    if (pod[name] === true) found.push(name);
  if (pod['automountServiceAccountToken'] !== false) found.push('has a token of the cluster');
  if (list(pod['ephemeralContainers']).length > 0) found.push('has ephemeral containers');
  if (list(pod['tolerations']).some((each) => each['operator'] === 'Exists' && each['key'] === undefined))
    found.push('runs on nodes with any taint');
  const shared = record(pod['securityContext']);
  if (list(shared['sysctls']).length > 0) found.push('sets sysctls');
  const containers = [...list(pod['containers']), ...list(pod['initContainers'])];
  for (const container of containers) found.push(...ofContainer(container, shared));
  for (const volume of list(pod['volumes'])) found.push(...ofVolume(volume, containers));
  return [...new Set(found)].sort();
}

function ofContainer(container: Json, shared: Json): string[] {
  const own = record(container['securityContext']);
  const at = (key: string) => own[key] ?? shared[key];
  const found: string[] = [];
  if (own['privileged'] === true) found.push('is privileged');
  if (own['allowPrivilegeEscalation'] !== false) found.push('may gain privileges');
  if (own['readOnlyRootFilesystem'] !== true) found.push('writes its root filesystem');
  if (at('runAsNonRoot') !== true || at('runAsUser') === 0) found.push('runs as root');
  if (record(at('seccompProfile'))['type'] !== 'RuntimeDefault') found.push('has no seccomp profile of the runtime');
  if (record(at('appArmorProfile'))['type'] === 'Unconfined') found.push('is unconfined by AppArmor');
  if (own['procMount'] !== undefined && own['procMount'] !== 'Default') found.push('has an unmasked /proc');
  const { drop, add } = record(own['capabilities']);
  if (!Array.isArray(drop) || !drop.includes('ALL')) found.push('keeps capabilities');
  for (const capability of Array.isArray(add) ? add : []) found.push(`has CAP_${capability}`);
  if (list(container['ports']).some((each) => each['hostPort'] !== undefined)) found.push('has a port of the node');
  if (record(record(container['resources'])['limits'])['memory'] === undefined) found.push('may take all memory');
  if (list(container['env']).some((each) => record(each['valueFrom'])['secretKeyRef'] !== undefined))
    found.push('has a secret in its environment');
  return found;
}

/** Kinds of volumes that are nobody else's, or read what they were given. */
const HARMLESS = ['emptyDir', 'configMap', 'secret'];

function ofVolume(volume: Json, containers: readonly Json[]): string[] {
  const path = record(volume['hostPath'])['path'];
  if (path === undefined) {
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    return kinds.every((kind) => HARMLESS.includes(kind)) ? [] : [`mounts ${kinds.join()}`];
  }
  const mounts = containers.flatMap((each) => list(each['volumeMounts'])).filter(({ name }) => name === volume['name']);
  if (mounts.some((each) => each['mountPropagation'] !== undefined)) return [`shares mounts of ${path} with the node`];
  return [`${mounts.every(({ readOnly }) => readOnly === true) ? 'reads' : 'writes'} ${path} of the node`];
}

/** An object, or an empty one. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}
