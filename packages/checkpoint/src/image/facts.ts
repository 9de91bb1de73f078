/** From a checkpoint to what its image says of it. */
import type { SignalOptions } from '@stillframe/criu-image';
import type { Platform } from '@stillframe/oci';
import type { Checkpoint } from '../checkpoint.ts';
import type { CheckpointFacts } from '../metadata/annotations.ts';

/** core_entry.mtype to the architecture names of Go, which OCI uses (checkpoint-spec 7.3). */
const ARCHITECTURES: Readonly<Record<number, string>> = {
  1: 'amd64',
  2: 'arm',
  3: 'arm64',
  4: 'ppc64le',
  5: 's390x',
  6: 'mips64le',
  7: 'loong64',
  8: 'riscv64',
};

/** The platform a checkpoint can run on, as its registers tell; undefined where no core image can be read. */
export async function platformOf(checkpoint: Checkpoint, options: SignalOptions = {}): Promise<Platform | undefined> {
  for (const id of checkpoint.images.ids('core').slice(0, 16)) {
    const core = await checkpoint.images.single('core', id, options);
    const architecture = core && ARCHITECTURES[core.mtype];
    if (architecture) return { os: 'linux', architecture };
  }
  return undefined;
}

/** What the metadata of a checkpoint tells; versions of the host are known only where Stillframe captured it. */
export function factsOf(checkpoint: Checkpoint, platform: Platform | undefined): CheckpointFacts {
  const { container, image, engine, engineVersion, ociRuntime, capture, checkpointed } = checkpoint.metadata;
  const digest = image.ref?.includes('sha256:') ? image.ref.slice(image.ref.indexOf('sha256:')) : undefined;
  return {
    containerName: container.name ?? container.id ?? 'unknown',
    engineName: engine,
    engineVersion,
    podName: container.podName,
    podID: container.sandboxId,
    podNamespace: container.kubeNamespace,
    podUID: container.podUid,
    rootfsImageName: image.name,
    rootfsImageUserRequested: image.requested,
    rootfsImageSha: digest,
    rootfsImageID: image.ref,
    rawImageName: image.requested,
    runtimeName: ociRuntime,
    criuVersion: capture?.criuVersion,
    hostArchitecture: platform?.architecture,
    stillframeVersion: engine === 'stillframe' ? engineVersion : undefined,
    capturedAt: checkpointed,
    truePause: capture && String(capture.truePause),
  };
}
