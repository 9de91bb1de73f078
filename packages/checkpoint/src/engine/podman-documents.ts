/**
 * What podman needs in an archive: a config.dump that is libpod's own container configuration, of which it fills in what
 * is the host's, and a spec.dump that it runs as it is, with the network put in (seen with podman 4.3.1).
 */
import { isObject } from '@stillframe/core';
import type { TargetFacts } from './target.ts';

type Json = Readonly<Record<string, unknown>>;

/** Mounts that podman makes itself, from files of the new container; the dump's are files of another node. */
const PROVIDED = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/run/.containerenv', '/run/secrets']);
const SHM = '/dev/shm';
/** `pod-container`, as `podman kube play` calls them; names that podman takes (libpod define.NameRegex). */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/**
 * spec.dump for podman. Namespaces lose the paths of the node of the dump: podman gives the network its own, runc makes
 * the others anew. A pod's `/dev/shm` is left to podman, which fills its own from devshm-checkpoint.tar.
 */
export function podmanSpec(spec: Json, facts: TargetFacts): Record<string, unknown> {
  const { cgroupsPath: _, ...linux } = isObject(spec['linux']) ? spec['linux'] : {};
  const annotations = isObject(spec['annotations']) ? spec['annotations'] : {};
  return {
    ...spec,
    hostname: typeof spec['hostname'] === 'string' ? spec['hostname'] : facts.containerID.slice(0, 12),
    annotations: {
      ...annotations,
      'io.container.manager': 'libpod',
      'io.kubernetes.cri-o.Created': facts.createdAt,
    },
    mounts: records(spec['mounts']).filter((mount) => !PROVIDED.has(String(mount['destination'])) && !isPodsShm(mount)),
    linux: { ...linux, namespaces: records(linux['namespaces']).map(({ path: _path, ...own }) => own) },
  };
}

/** config.dump for podman; `spec` as podmanSpec made it. */
export function podmanConfigDump(spec: Json, facts: TargetFacts): Record<string, unknown> {
  const name = `${facts.podName}-${facts.containerName}`;
  const image = facts.image.name;
  return {
    spec,
    id: facts.containerID,
    name: NAME.test(name) ? name : facts.containerID.slice(0, 12),
    RawImageName: facts.image.requested,
    rootfsImageName: image,
    rootfsImageID: facts.image.id ?? '',
    idMappingsOptions: { HostUIDMapping: true, HostGIDMapping: true, UIDMap: null, GIDMap: null },
    // A namespace that podman makes, and gives to CRIU for the one that the pod had.
    createNetNS: true,
    networkMode: 'bridge',
    // The container's own is a mount in the dump.
    ...(records(spec['mounts']).some((mount) => mount['destination'] === SHM) ? { noShm: true } : {}),
    labels: facts.labels,
    stopSignal: 15,
    stopTimeout: 10,
    createdTime: facts.createdAt,
    cgroupsMode: 'enabled',
    logDriver: 'k8s-file',
    runtime: facts.ociRuntime,
    sdnotifyMode: 'container',
    umask: '0022',
  };
}

/** Type of a namespace that the dump joined, where podman cannot give another one: it has no pods of ours. */
export function sharedNamespace(spec: Json): string | undefined {
  const linux = isObject(spec['linux']) ? spec['linux'] : {};
  const namespaces = records(linux['namespaces']);
  const pid = namespaces.find(({ type }) => type === 'pid');
  if (!pid || pid['path'] !== undefined) return 'pid';
  // runc tells CRIU which namespace the network is only where the dump had joined one.
  if (namespaces.find(({ type }) => type === 'network')?.['path'] === undefined) return 'network';
  return namespaces.some(({ type }) => type === 'user') ? 'user' : undefined;
}

function isPodsShm(mount: Json): boolean {
  return mount['destination'] === SHM && mount['type'] === 'bind';
}

function records(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
