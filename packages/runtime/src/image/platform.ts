/** Of an image for several platforms, the manifest for this machine. */
import { CONTAINER_NAME } from '@stillframe/checkpoint';
import { harmless, type ReadOptions } from '@stillframe/core';
import { type ContentReader, type Descriptor, isIndexType, parseIndex } from '@stillframe/oci';
import { runtimeError } from '../errors.ts';

/** Indexes within indexes; real ones have one level. */
const MAX_DEPTH = 4;

/** The manifest for this machine, and what the indexes above it say of it. */
export interface PlatformManifest {
  readonly manifest: Descriptor;
  /** Annotations of the indexes, the inner one's before the outer one's: containerd marks checkpoint images there alone. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** `root` itself, or the manifest of the index that fits this machine. Throws ERR_IMAGE_UNUSABLE, ERR_IMAGE_CONTAINER_UNSAID. */
export async function platformManifest(
  from: ContentReader,
  root: Descriptor,
  options: ReadOptions,
  above: { inherited: Readonly<Record<string, string>>; depth: number } = { inherited: {}, depth: 0 },
): Promise<PlatformManifest> {
  const { depth } = above;
  if (!isIndexType(root.mediaType)) return { manifest: root, inherited: above.inherited };
  if (depth === MAX_DEPTH) throw runtimeError('ERR_IMAGE_UNUSABLE', 'the image has indexes within indexes without end');
  const { manifests, annotations } = parseIndex(await from.manifest(root, options), root.mediaType);
  demandOneContainer(manifests);
  const architecture = ociArchitecture();
  const found = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture);
  // An index over one manifest that names no platform, as of a checkpoint image, means that one.
  const chosen = found ?? (manifests.length === 1 ? manifests[0] : undefined);
  if (!chosen) throw runtimeError('ERR_IMAGE_UNUSABLE', `the image has no manifest for linux/${architecture}`);
  const inherited = { ...above.inherited, ...annotations };
  return platformManifest(from, chosen, options, { inherited, depth: depth + 1 });
}

/** Manifests that an error names; a forged index has thousands. */
const TOLD = 32;

/** Which container of a pod's checkpoint is meant nobody can guess. Throws ERR_IMAGE_CONTAINER_UNSAID. */
function demandOneContainer(manifests: readonly Descriptor[]): void {
  const named = manifests.flatMap(({ digest, annotations }) => {
    const name = annotations?.[CONTAINER_NAME];
    return name === undefined ? [] : [{ name: harmless(name), digest }];
  });
  if (new Set(named.map(({ name }) => name)).size < 2) return;
  const told = named.slice(0, TOLD).map(({ name, digest }) => `${name} ${digest}`);
  const more = named.length > TOLD ? ` and ${named.length - TOLD} more` : '';
  const message = `the image holds the checkpoints of ${named.length} containers: ${told.join(', ')}${more}`;
  throw runtimeError('ERR_IMAGE_CONTAINER_UNSAID', message, { details: { containers: named.slice(0, TOLD) } });
}

/** This machine's architecture as OCI writes it. */
export function ociArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
