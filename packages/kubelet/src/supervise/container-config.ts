/** What a runtime is asked for when a container is made (CRI ContainerConfig). */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, MountPropagation, Signal } from '@stillframe/cri/proto';
import { kubeletError } from '../errors.ts';
import type { Container } from '../manifest/pod-schema.ts';
import type { PodFolder, VolumeSource } from '../volumes/pod-folder.ts';
import { environmentOf, expand, type PodFacts, type Sources } from './environment.ts';
import { containerAnnotations, containerLabels } from './marks.ts';
import { limitsOf } from './resources.ts';
import { securityOf } from './security.ts';

export interface ContainerFacts {
  readonly attempt: number;
  readonly facts: PodFacts;
  readonly sources: Sources;
  readonly folder: PodFolder;
  readonly volumes: ReadonlyMap<string, VolumeSource>;
  /** By which the runtime finds the image, or an archive. */
  readonly reference: string;
  readonly image: Image | undefined;
  /** Bytes of the machine's memory. */
  readonly memory: number;
  readonly seccompFolder: string;
}

/** Throws ERR_KUBELET_CONTAINER, ERR_KUBELET_VOLUME. */
export async function containerConfig(container: Container, given: ContainerFacts) {
  const { attempt, facts, image } = given;
  const { pod, uid } = facts;
  const env = environmentOf(container, facts, given.sources);
  const variable = (name: string) => {
    const bytes = env.get(name);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  };
  const { stopSignal } = container.lifecycle;
  return {
    metadata: { name: container.name, attempt },
    image: { image: given.reference, userSpecifiedImage: container.image },
    command: container.command.map((word) => expand(word, variable)),
    args: container.args.map((word) => expand(word, variable)),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: await mountsOf(container, given),
    labels: containerLabels(pod, uid, container.name),
    annotations: containerAnnotations(pod, container, attempt),
    logPath: join(container.name, `${attempt}.log`),
    stdin: container.stdin,
    stdinOnce: container.stdinOnce,
    tty: container.tty,
    ...(stopSignal === undefined ? {} : { stopSignal: signalOf(stopSignal) }),
    linux: {
      resources: limitsOf(container, pod, given.memory),
      securityContext: securityOf(pod, container, image, given.seccompFolder),
    },
  };
}

export type ContainerConfig = Awaited<ReturnType<typeof containerConfig>>;

function signalOf(name: string): Signal {
  const words = `SIGNAL_${name.replace('+', 'PLUS').replace(/(?<=MAX)-/, 'MINUS')}`;
  const found = (Signal as unknown as Readonly<Record<string, Signal>>)[words];
  if (found === undefined) throw kubeletError('ERR_KUBELET_CONTAINER', `there is no signal ${name}`);
  return found;
}

const PROPAGATION = {
  None: MountPropagation.PROPAGATION_PRIVATE,
  HostToContainer: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  Bidirectional: MountPropagation.PROPAGATION_BIDIRECTIONAL,
} as const;

/** Volumes, and the two files that a kubelet gives every container: /etc/hosts and that for its last words. */
async function mountsOf(container: Container, { attempt, folder, volumes }: ContainerFacts) {
  const mounts = [];
  for (const mount of container.volumeMounts) {
    const source = volumes.get(mount.name);
    if (!source) throw kubeletError('ERR_KUBELET_VOLUME', `there is no volume ${mount.name}`);
    const shared = {
      containerPath: mount.mountPath,
      propagation: PROPAGATION[mount.mountPropagation],
      recursiveReadOnly: mount.recursiveReadOnly === 'Enabled',
    };
    if (source.kind === 'image') {
      const { reference } = source;
      mounts.push({ ...shared, readonly: true, image: { image: reference }, imageSubPath: mount.subPath ?? '' });
      continue;
    }
    const hostPath = mount.subPath === undefined ? source.path : await fileIn(source.path, mount.subPath);
    mounts.push({ ...shared, hostPath, readonly: source.readonly || mount.readOnly });
  }
  const taken = new Set(container.volumeMounts.map(({ mountPath }) => mountPath));
  const own = { propagation: PROPAGATION.None, recursiveReadOnly: false, readonly: false };
  if (!taken.has('/etc/hosts')) mounts.push({ ...own, containerPath: '/etc/hosts', hostPath: folder.hosts });
  const { terminationMessagePath: containerPath } = container;
  if (!taken.has(containerPath))
    mounts.push({ ...own, containerPath, hostPath: await folder.makeTerminationLog(container, attempt) });
  return mounts;
}

/** A file of a volume that only this process writes, so that no link leads out of it. Throws ERR_KUBELET_VOLUME. */
async function fileIn(volume: string, subPath: string): Promise<string> {
  try {
    return await realpath(join(volume, subPath));
  } catch (cause) {
    throw kubeletError('ERR_KUBELET_VOLUME', `there is no ${subPath} in the volume`, { cause });
  }
}
