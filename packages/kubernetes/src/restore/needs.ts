/** What a checkpoint needs of a node, as its archive tells it. */
import { baseImageReference, type Checkpoint, type CheckpointFacts, factsOf, platformOf } from '@stillframe/checkpoint';
import { isCode } from '@stillframe/core';

/** Text is raw and untrusted. What is not recorded is undefined. */
export interface RestoreNeeds {
  readonly container: string;
  readonly pod: string | undefined;
  readonly kubeNamespace: string | undefined;
  /** The image that the container was made of, as it can be pulled. */
  readonly baseImage: string | undefined;
  readonly architecture: string | undefined;
  readonly kernel: string | undefined;
  readonly cgroupVersion: string | undefined;
  /** `runc`, `crun`. */
  readonly ociRuntime: string | undefined;
  /** CPU features whose registers hold something, by the names of Node Feature Discovery; undefined where no core image tells. */
  readonly cpuFeatures: readonly string[] | undefined;
  /** Engines whose restore finds all that it looks for in the archive. */
  readonly layouts: readonly ('cri-o' | 'containerd')[];
  /** Bind mounts: where in the container, and their source on the host of the dump. */
  readonly binds: readonly { readonly path: string; readonly source: string | undefined }[];
}

/** Bits of XSTATE_BV (Intel SDM 13.1) and the CPUID feature that each needs. */
const XSTATES: readonly (readonly [bit: number, feature: string])[] = [
  [2, 'AVX'],
  [5, 'AVX512F'],
  [6, 'AVX512F'],
  [7, 'AVX512F'],
  [9, 'PKU'],
  [17, 'AMXTILE'],
  [18, 'AMXTILE'],
];
/** Tasks that are looked at. */
const MOST_TASKS = 4096;

/** `said`: by the annotations of the checkpoint image, where it is one; they say of the host what archives do not. */
export async function needsOf(
  checkpoint: Checkpoint,
  said: CheckpointFacts | undefined,
  options: { signal?: AbortSignal } = {},
): Promise<RestoreNeeds> {
  const platform = await platformOf(checkpoint, options);
  const { container, mounts, ociRuntime } = checkpoint.metadata;
  const facts = factsOf(checkpoint, platform);
  const has = (name: string) => checkpoint.archive.entries.has(name);
  const annotated = checkpoint.spec?.annotations.has('io.kubernetes.cri-o.Annotations') === true;
  return {
    container: container.name ?? facts.containerName,
    pod: container.podName,
    kubeNamespace: container.kubeNamespace,
    baseImage: baseImageReference(checkpoint.metadata),
    architecture: platform?.architecture ?? said?.hostArchitecture,
    kernel: said?.hostKernel,
    cgroupVersion: said?.cgroupVersion,
    ociRuntime,
    cpuFeatures: await cpuFeaturesOf(checkpoint, options),
    layouts: [
      ...(annotated ? (['cri-o'] as const) : []),
      ...(has('status.dump') && has('spec.dump') && has('config.dump') ? (['containerd'] as const) : []),
    ],
    binds: mounts
      .filter(({ type, options: how }) => type === 'bind' || how.includes('bind') || how.includes('rbind'))
      .map(({ destination, source }) => ({ path: destination, source })),
  };
}

async function cpuFeaturesOf(checkpoint: Checkpoint, options: { signal?: AbortSignal }): Promise<string[] | undefined> {
  let state: bigint | undefined;
  for (const id of checkpoint.images.ids('core').slice(0, MOST_TASKS)) {
    try {
      const core = await checkpoint.images.single('core', id, options);
      const registers = core?.threadInfo?.fpregs;
      if (!registers) continue;
      // Without an XSAVE area only what every amd64 has was saved.
      state = (state ?? 0n) | (registers.xsave?.xstateBv ?? 0n);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isCode(error, 'ERR_LIMIT_EXCEEDED')) throw error;
    }
  }
  if (state === undefined) return undefined;
  const found = state;
  return [...new Set(XSTATES.filter(([bit]) => ((found >> BigInt(bit)) & 1n) === 1n).map(([, feature]) => feature))];
}
