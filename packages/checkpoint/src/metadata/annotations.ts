/**
 * The annotations of a checkpoint image in all dialects: CRI-O's and podman's own families and the shared
 * `org.criu.checkpoint` one that containerd reads (checkpoint-spec 3.2, 3.3, 5.2, 8.2). One table, both ways.
 */

/** What a checkpoint image says about the checkpoint in it. Text, untrusted when decoded. */
export interface CheckpointFacts {
  /** Marks the image as a checkpoint for every engine; without it there is no checkpoint image. */
  readonly containerName: string;
  readonly engineName?: string | undefined;
  readonly engineVersion?: string | undefined;
  readonly podName?: string | undefined;
  readonly podID?: string | undefined;
  /** The Kubernetes namespace. */
  readonly podNamespace?: string | undefined;
  readonly podUID?: string | undefined;
  /** Name of the base image, as the engine resolved it. */
  readonly rootfsImageName?: string | undefined;
  /** The base image as the user asked for it. */
  readonly rootfsImageUserRequested?: string | undefined;
  readonly rootfsImageSha?: string | undefined;
  readonly rootfsImageID?: string | undefined;
  readonly rawImageName?: string | undefined;
  /** OCI runtime. */
  readonly runtimeName?: string | undefined;
  readonly runtimeVersion?: string | undefined;
  readonly criuVersion?: string | undefined;
  readonly conmonVersion?: string | undefined;
  readonly hostArchitecture?: string | undefined;
  readonly hostKernel?: string | undefined;
  readonly cgroupVersion?: string | undefined;
  readonly distributionName?: string | undefined;
  readonly distributionVersion?: string | undefined;
  /** Version of Stillframe; set where it wrote the archive. */
  readonly stillframeVersion?: string | undefined;
  /** `sha256:…` of the archive as its evidence recorded it at the capture; not signed. */
  readonly recordedDigest?: string | undefined;
  /** Name of the archive when it was captured. */
  readonly recordedName?: string | undefined;
  /**
   * `sha256:…` of the archive that this one was made of: laid out for another engine, without pages, or compressed. Where no digest
   * was recorded at a capture, also of one that is in the image as it is.
   */
  readonly sourceDigest?: string | undefined;
  /** When the container was checkpointed, RFC 3339. */
  readonly capturedAt?: string | undefined;
  /** Microseconds that the container stood still, as the archive tells. */
  readonly truePause?: string | undefined;
  /** The node that the archive was collected from, by that node's own account. */
  readonly collectedFrom?: string | undefined;
}

/** Marks a spec.dump and a checkpoint image as ours; the value is the version of the program that wrote it. */
export const STILLFRAME_VERSION = 'io.stillframe.checkpoint.version';

const OWN = 'io.stillframe.checkpoint.';
const CRIU = 'org.criu.checkpoint.';
const CRIO = 'io.kubernetes.cri-o.annotations.checkpoint.';
const PODMAN = 'io.podman.annotations.checkpoint.';

/** Families of keys by which one engine takes an image for a checkpoint of its own. */
const ENGINES: readonly string[] = [CRIO, PODMAN];

/** Whose checkpoint a manifest of an index is; on its descriptor, so that none has to be fetched to find one. */
export const CONTAINER_NAME = `${CRIU}container.name`;

/** The container's name in a chain image, which no engine is to take for a checkpoint of its own. */
const CHAIN_NAME = `${OWN}chain.container.name`;

/** Fact, then its keys; the first that is present decides when decoding. */
const TABLE: readonly (readonly [keyof CheckpointFacts, readonly string[]])[] = [
  ['containerName', [`${CRIU}container.name`, `${CRIO}name`, `${PODMAN}name`, CHAIN_NAME]],
  ['engineName', [`${CRIU}engine.name`]],
  ['engineVersion', [`${CRIU}engine.version`]],
  ['podName', [`${CRIU}pod.name`]],
  ['podID', [`${CRIU}pod.id`]],
  ['podNamespace', [`${CRIU}pod.namespace`]],
  ['podUID', [`${CRIU}pod.uid`]],
  ['rootfsImageName', [`${CRIU}rootfsImageName`, `${CRIO}rootfsImageName`, `${PODMAN}rootfsImageName`]],
  ['rootfsImageUserRequested', [`${CRIU}rootfsImageUserRequested`]],
  ['rootfsImageSha', [`${CRIU}rootfsImageSha`]],
  ['rootfsImageID', [`${CRIU}rootfsImageID`, `${CRIO}rootfsImageID`, `${PODMAN}rootfsImageID`]],
  ['rawImageName', [`${CRIU}rawImageName`, `${CRIO}rawImageName`, `${PODMAN}rawImageName`]],
  ['runtimeName', [`${CRIU}runtime.name`, `${PODMAN}runtime.name`]],
  ['runtimeVersion', [`${CRIU}runtime.version`, `${PODMAN}runtime.version`]],
  ['criuVersion', [`${CRIU}criu.version`, `${CRIO}criu.version`, `${PODMAN}criu.version`]],
  ['conmonVersion', [`${CRIU}conmon.version`, `${PODMAN}conmon.version`]],
  ['hostArchitecture', [`${CRIU}host.arch`, `${PODMAN}host.arch`]],
  ['hostKernel', [`${CRIU}host.kernel`, `${PODMAN}host.kernel`]],
  // Podman's word is plural.
  ['cgroupVersion', [`${CRIU}cgroup.version`, `${PODMAN}cgroups.version`]],
  ['distributionName', [`${CRIU}distribution.name`, `${PODMAN}distribution.name`]],
  ['distributionVersion', [`${CRIU}distribution.version`, `${PODMAN}distribution.version`]],
  ['stillframeVersion', [STILLFRAME_VERSION]],
  ['recordedDigest', [`${OWN}archive-digest`]],
  ['recordedName', [`${OWN}archive-name`]],
  ['sourceDigest', [`${OWN}source-digest`]],
  ['capturedAt', [`${OWN}captured-at`, 'org.opencontainers.image.created']],
  ['truePause', [`${OWN}true-pause-us`]],
  ['collectedFrom', [`${OWN}collected-from`]],
];

/** Keys that only one engine gives its version; they say which engine it was, too. */
const ENGINE_VERSIONS: readonly (readonly [string, string])[] = [
  ['cri-o', `${CRIO}cri-o.version`],
  ['podman', `${PODMAN}podman.version`],
];

/** The annotations of a checkpoint image, for its manifest and any index over it. Facts that are not known are left out. */
export function encodeAnnotations(facts: CheckpointFacts): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [fact, keys] of TABLE) {
    const value = facts[fact];
    if (value === undefined || value === '') continue;
    for (const key of keys) if (key !== CHAIN_NAME) result[key] = value;
  }
  const own = ENGINE_VERSIONS.find(([engine]) => engine === facts.engineName);
  if (own && facts.engineVersion) result[own[1]] = facts.engineVersion;
  return result;
}

/** The annotations of a chain image: without any engine's mark. */
export function encodeChainAnnotations(facts: CheckpointFacts): Record<string, string> {
  const own = Object.entries(encodeAnnotations(facts)).filter(
    ([key]) => !ENGINES.some((engine) => key.startsWith(engine)),
  );
  return {
    ...Object.fromEntries(own.filter(([key]) => key !== `${CRIU}container.name`)),
    [CHAIN_NAME]: facts.containerName,
  };
}

/** The annotations of an index over a pod's containers: what they share, and no mark, since it is not one checkpoint. */
export function encodePodAnnotations(facts: readonly CheckpointFacts[]): Record<string, string> {
  const [first, ...others] = facts.map(encodeAnnotations);
  const shared = Object.entries(first ?? {}).filter(([key, value]) => others.every((other) => other[key] === value));
  const marks = TABLE.find(([fact]) => fact === 'containerName')?.[1] ?? [];
  return Object.fromEntries(shared.filter(([key]) => !marks.includes(key) && !key.startsWith(`${OWN}archive-`)));
}

/** The facts in annotations of whichever dialect; undefined where none marks a checkpoint image. */
export function decodeAnnotations(annotations: Readonly<Record<string, string>>): CheckpointFacts | undefined {
  const read = (key: string) => (Object.hasOwn(annotations, key) ? annotations[key] || undefined : undefined);
  const facts: { -readonly [K in keyof CheckpointFacts]?: string | undefined } = {};
  for (const [fact, keys] of TABLE) {
    const value = keys.map(read).find((text) => text !== undefined);
    if (value !== undefined) facts[fact] = value;
  }
  for (const [engine, key] of ENGINE_VERSIONS) {
    const version = read(key);
    if (version === undefined) continue;
    facts.engineName ??= engine;
    facts.engineVersion ??= version;
  }
  const marked = TABLE.some(
    ([fact, keys]) => fact === 'containerName' && keys.some((key) => Object.hasOwn(annotations, key)),
  );
  // Engines look whether the key is there, whatever its value.
  return marked ? { ...facts, containerName: facts.containerName ?? '' } : undefined;
}
