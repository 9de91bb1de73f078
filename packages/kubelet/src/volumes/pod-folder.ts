/** The folder of one pod on this machine: its volumes, its /etc/hosts, what its containers say at their end. */
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, Pod } from '../manifest/pod-schema.ts';
import type { PodFacts, Sources } from '../supervise/environment.ts';
import { writeFileVolume } from './file-volume.ts';
import { prepareHostPath } from './host-path.ts';
import { mountMemory, mountsBelow, unmountBelow } from './mounts.ts';
import { volumeFiles } from './volume-files.ts';

/** What of the host, or which OCI image, stands behind a volume. */
export type VolumeSource =
  | { readonly kind: 'path'; readonly path: string; readonly readonly: boolean }
  | { readonly kind: 'image'; readonly reference: string };

export class PodFolder {
  readonly path: string;

  /** `parent`: of all pods. */
  constructor(parent: string, uid: string) {
    this.path = join(parent, uid);
  }

  get hosts(): string {
    return join(this.path, 'etc-hosts');
  }

  terminationLog(container: string, attempt: number): string {
    return join(this.path, 'containers', container, `${attempt}.message`);
  }

  /** Makes what is not there yet, and brings files up to date. Throws ERR_KUBELET_VOLUME, ERR_KUBELET_CONTAINER. */
  async prepare(facts: PodFacts, sources: Sources): Promise<Map<string, VolumeSource>> {
    const { volumes, securityContext } = facts.pod.spec;
    const group = securityContext.fsGroup;
    const prepared = new Map<string, VolumeSource>();
    const path = (name: string) => join(this.path, 'volumes', name);
    for (const volume of volumes) {
      const { name, emptyDir, hostPath, image } = volume;
      if (image) {
        prepared.set(name, { kind: 'image', reference: image.reference });
        continue;
      }
      if (hostPath) {
        prepared.set(name, { kind: 'path', path: await prepareHostPath(hostPath), readonly: false });
        continue;
      }
      if (emptyDir) await this.#makeEmpty(path(name), emptyDir, group);
      const files = volumeFiles(volume, facts, sources);
      if (files) await writeFileVolume(path(name), files, group);
      prepared.set(name, { kind: 'path', path: path(name), readonly: files !== undefined });
    }
    return prepared;
  }

  /** Brings volumes of files up to date; nothing else changes while containers run. */
  async refresh(facts: PodFacts, sources: Sources): Promise<void> {
    for (const volume of facts.pod.spec.volumes) {
      const files = volumeFiles(volume, facts, sources);
      if (files)
        await writeFileVolume(join(this.path, 'volumes', volume.name), files, facts.pod.spec.securityContext.fsGroup);
    }
  }

  async #makeEmpty(
    folder: string,
    { medium, sizeLimit }: { medium: string; sizeLimit?: number | undefined },
    group: number | undefined,
  ): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    if (medium === 'Memory' && !(await mountsBelow(folder)).includes(folder)) await mountMemory(folder, sizeLimit);
    if (group !== undefined) await chown(folder, 0, group);
    // Set-group-id: what is made in it belongs to the group, too.
    await chmod(folder, group === undefined ? 0o777 : 0o2777);
  }

  /** The file that a container may write its last words to; made anew for each attempt. */
  async makeTerminationLog(container: Container, attempt: number): Promise<string> {
    const path = this.terminationLog(container.name, attempt);
    await mkdir(join(path, '..'), { recursive: true, mode: 0o750 });
    await writeFile(path, '', { mode: 0o666 });
    await chmod(path, 0o666);
    return path;
  }

  async writeHosts(text: string): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o750 });
    // In place: containers have this very file mounted.
    await writeFile(this.hosts, text, { mode: 0o644 });
  }

  async remove(): Promise<void> {
    await unmountBelow(this.path);
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Unmounts what is mounted in the folder of one pod and removes it. `parent`, `uid`: as PodFolder has them. */
export function removePodFolder(parent: string, uid: string): Promise<void> {
  return new PodFolder(parent, uid).remove();
}

/** Text of /etc/hosts of a pod. `host`: that of the machine, for a pod in its network. */
export function hostsText(pod: Pod, hostname: string, ips: readonly string[], host: string | undefined): string {
  const { hostAliases, subdomain } = pod.spec;
  const full = subdomain === undefined ? [] : [`${hostname}.${subdomain}.${pod.metadata.namespace}.svc.cluster.local`];
  const own = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...ips.map((ip) => [ip, ...full, hostname].join('\t')),
    '',
  ].join('\n');
  const base = host === undefined ? own : `# Kubernetes-managed hosts file (host network).\n${host}`;
  if (hostAliases.length === 0) return base;
  const aliases = hostAliases.map(({ ip, hostnames }) => [ip, ...hostnames].join('\t'));
  return `${base}\n# Entries added by HostAliases.\n${aliases.join('\n')}\n`;
}
