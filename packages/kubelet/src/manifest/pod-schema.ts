/** A pod as one machine runs it (core/v1 Pod): what it honours, what changes nothing, and what it refuses by name. */
import { isIP } from 'node:net';
import { container, initContainer } from './container-schema.ts';
import {
  checked,
  flag,
  list,
  matching,
  needed,
  oneOf,
  type Reader,
  refused,
  shape,
  type ValueOf,
  whole,
  withDefault,
  without,
} from './reader.ts';
import { podSecurity } from './security-schema.ts';
import { type Volume, volume } from './volume-schema.ts';
import { annotations, dnsLabel, dnsSubdomain, labels } from './words.ts';

const NO_CLUSTER = 'there is no API server';
const NO_CHOICE = 'there is no other node to choose';

/** Of any document. What an API server fills in is taken out of documents that were exported from one. */
export const metadata = shape({
  name: needed(dnsSubdomain),
  namespace: withDefault(dnsLabel, 'default'),
  labels: withDefault(labels, () => ({})),
  annotations: withDefault(annotations, () => ({})),
  uid: refused('it is made of the manifest'),
  generateName: refused('give a name'),
  ownerReferences: refused(NO_CLUSTER),
  finalizers: refused(NO_CLUSTER),
  creationTimestamp: without,
  resourceVersion: without,
  selfLink: without,
  generation: without,
  managedFields: without,
});

const ip = matching('an IP address', (address) => isIP(address) !== 0);
const word = matching('a word without blanks', (each) => /^[\x21-\x7e]{1,255}$/.test(each));

const dnsConfig = shape({
  nameservers: withDefault(list(ip, 64), () => []),
  searches: withDefault(list(word, 64), () => []),
  options: withDefault(list(shape({ name: needed(word), value: word }), 64), () => []),
});

const isFalse = (value: unknown) => value === false;

const spec = shape({
  containers: needed(list(container as Reader<ValueOf<typeof initContainer>>, 100)),
  initContainers: withDefault(list(initContainer, 100), () => []),
  ephemeralContainers: refused(NO_CLUSTER),
  volumes: withDefault(list(volume, 100), () => []),
  restartPolicy: withDefault(oneOf('Always', 'OnFailure', 'Never'), 'Always'),
  terminationGracePeriodSeconds: withDefault(whole(0, 86_400), 30),
  activeDeadlineSeconds: refused('pods run until they end'),
  hostNetwork: withDefault(flag, false),
  hostPID: withDefault(flag, false),
  hostIPC: withDefault(flag, false),
  hostUsers: refused('pods of manifests have the users of the host', (value) => value === true),
  shareProcessNamespace: withDefault(flag, false),
  securityContext: withDefault(podSecurity, () => ({})),
  dnsPolicy: withDefault(oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'), 'ClusterFirst'),
  dnsConfig: withDefault(dnsConfig, () => ({ nameservers: [], searches: [], options: [] })),
  hostAliases: withDefault(list(shape({ ip: needed(ip), hostnames: needed(list(dnsSubdomain, 64)) }), 1000), () => []),
  hostname: dnsLabel,
  hostnameOverride: refused('use hostname'),
  subdomain: dnsLabel,
  setHostnameAsFQDN: refused('the name of a host is its short one', isFalse),
  runtimeClassName: dnsSubdomain,
  priorityClassName: oneOf('system-node-critical', 'system-cluster-critical'),
  priority: without,
  preemptionPolicy: without,
  nodeName: without,
  tolerations: without,
  enableServiceLinks: without,
  schedulerName: without,
  nodeSelector: refused(NO_CHOICE),
  affinity: refused(NO_CHOICE),
  topologySpreadConstraints: refused(NO_CHOICE),
  schedulingGates: refused(NO_CHOICE),
  schedulingGroup: refused(NO_CHOICE),
  workloadRef: refused(NO_CHOICE),
  serviceAccountName: refused('there are no accounts of services', (value) => value === 'default'),
  serviceAccount: refused('there are no accounts of services', (value) => value === 'default'),
  automountServiceAccountToken: refused(`${NO_CLUSTER} to give tokens`, isFalse),
  imagePullSecrets: refused('credentials are those of the node, in the files that podman, skopeo and docker use'),
  readinessGates: refused(NO_CLUSTER),
  resourceClaims: refused('there is no resource driver'),
  resources: refused('limits are those of containers'),
  overhead: refused('limits are those of containers'),
  os: shape({ name: needed(oneOf('linux')) }),
});

export const pod = checked(
  shape({
    apiVersion: needed(oneOf('v1')),
    kind: needed(oneOf('Pod')),
    metadata: needed(metadata),
    spec: needed(spec),
    status: without,
  }),
  ({ spec: found }, _path, add) => checkSpec(found, add),
);

export type Pod = ValueOf<typeof pod>;
export type PodSpec = Pod['spec'];
export type Container = PodSpec['containers'][number];

function checkSpec(found: ValueOf<typeof spec>, add: (path: string, fact: string) => void): void {
  if (found.containers.length === 0) add('spec.containers', 'must have an entry');
  if (found.hostPID && found.shareProcessNamespace) add('spec.shareProcessNamespace', 'must not stand beside hostPID');
  if (found.dnsPolicy === 'None' && found.dnsConfig.nameservers.length === 0)
    add('spec.dnsConfig.nameservers', 'must be given for dnsPolicy: None');
  const volumes = new Map<string, Volume>();
  for (const [index, each] of found.volumes.entries()) {
    if (volumes.has(each.name)) add(`spec.volumes[${index}].name`, 'is taken by another volume');
    volumes.set(each.name, each);
  }
  const names = new Set<string>();
  for (const [kind, containers] of [
    ['initContainers', found.initContainers],
    ['containers', found.containers],
  ] as const) {
    for (const [index, each] of containers.entries()) {
      const at = `spec.${kind}[${index}]`;
      if (names.has(each.name)) add(`${at}.name`, 'is taken by another container');
      names.add(each.name);
      checkContainer(each, at, volumes, found.hostNetwork, add);
    }
  }
}

function checkContainer(
  each: Container,
  at: string,
  volumes: ReadonlyMap<string, Volume>,
  hostNetwork: boolean,
  add: (path: string, fact: string) => void,
): void {
  const paths = new Set<string>();
  for (const [index, { name, mountPath, subPath }] of each.volumeMounts.entries()) {
    const { emptyDir, hostPath } = volumes.get(name) ?? {};
    if (!volumes.has(name)) add(`${at}.volumeMounts[${index}].name`, 'is no volume of this pod');
    // Between a look at the path and the mount a container of the pod could make a link of a folder.
    if (subPath !== undefined && (emptyDir || hostPath))
      add(`${at}.volumeMounts[${index}].subPath`, 'is not honoured here: only of volumes that no container writes to');
    if (paths.has(mountPath)) add(`${at}.volumeMounts[${index}].mountPath`, 'is taken by another mount');
    paths.add(mountPath);
  }
  const names = new Set(each.ports.map(({ name }) => name));
  for (const [index, { hostPort, containerPort }] of each.ports.entries()) {
    if (hostNetwork && hostPort !== undefined && hostPort !== containerPort)
      add(`${at}.ports[${index}].hostPort`, 'must be the containerPort beside hostNetwork');
  }
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const port = each[kind]?.httpGet?.port ?? each[kind]?.tcpSocket?.port;
    if (typeof port === 'string' && !names.has(port)) add(`${at}.${kind}`, `there is no port called ${port}`);
  }
  for (const kind of ['postStart', 'preStop'] as const) {
    const port = each.lifecycle[kind]?.httpGet?.port;
    if (typeof port === 'string' && !names.has(port)) add(`${at}.lifecycle.${kind}`, `there is no port called ${port}`);
  }
}
