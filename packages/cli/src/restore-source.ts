/** What `stillframe restore` restores: looked at before any runtime is asked. */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  archiveLayer,
  type CheckpointImage,
  checkpointImageAt,
  checkpointImagesAt,
  demandRecorded,
  extractArchive,
  openCheckpoint,
} from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, hexOf, UndoStack } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { isDnsLabel } from '@stillframe/kubelet/names';
import {
  type ContentReader,
  type DecryptionKey,
  type Descriptor,
  formatReference,
  isEncryptedType,
  isIndexType,
  Layout,
  parseImageLocation,
} from '@stillframe/oci';
import { noteOpened } from './custody/note.ts';
import { archivesOf } from './image/archives-of.ts';
import type { Io } from './io.ts';
import { decryptedBy, readDecryptionKeys } from './key-files.ts';
import type { DecryptionOptions, IdentityOptions } from './key-options.ts';
import { isPathLike } from './open-evidence.ts';
import { openSource } from './open-location.ts';
import type { RegistryFlags } from './registries/flags.ts';
import { openSealed, readSealedEvidence, writeUnsealed } from './sealed.ts';
import { type PolicyOptions, resolveAllowed } from './signature-policy.ts';
import { cliError } from './usage.ts';

/** One container of what is restored. */
export interface RestoredContainer {
  name: string;
  /** The image as the runtime is to be asked for it. */
  image: string;
  pull: boolean;
}

/** Disposing removes the archives that were put together of chain images or decrypted; copies that were made of them do not need them. */
export interface RestoreSource extends AsyncDisposable {
  /** Name for the copies' pods. */
  pod: string;
  /** At least one; several of a pod that was captured as a whole. */
  containers: readonly RestoredContainer[];
  /** Faults of archives on this machine; those of a registry's are told by the runtime that pulls it. */
  diagnostics: readonly Diagnostic[];
}

/** What is needed besides the checkpoint's place. */
export interface SourceOptions extends DecryptionOptions, IdentityOptions, PolicyOptions, RegistryFlags {
  container?: string;
}

/**
 * `container`: the only one wanted of a pod. Throws what the readers throw, ERR_NOT_A_CHECKPOINT, and
 * ERR_IMAGE_CONTAINER_MISSING or ERR_USAGE_ARGUMENT for a container that is not there.
 */
export async function describeSource(what: string, io: Io, options: SourceOptions = {}): Promise<RestoreSource> {
  const { container } = options;
  const keys = await readDecryptionKeys(options.decryptionKey ?? [], io);
  if (isPathLike(what) || (await stat(what).catch(() => undefined))) {
    const archives = await archivesOf(resolve(what));
    return one(await joined(archives.map((archive) => () => describePath(archive, options, io))), what, container);
  }
  await using place = await openSource(what, io, options);
  const { signal } = io;
  const descriptor = await resolveAllowed(place, what, options, io);
  const images =
    container === undefined
      ? firstOfEach(await checkpointImagesAt(place.store, descriptor, { signal }))
      : [await checkpointImageAt(place.store, descriptor, { signal, container })].filter((each) => each !== undefined);
  if (images.length === 0) {
    const message = `${what} is an ordinary image, not a checkpoint; nothing can be restored from it`;
    throw cliError('ERR_NOT_A_CHECKPOINT', message);
  }
  // Of an index over a pod the runtime would not know which.
  const several = isIndexType(descriptor.mediaType) && images.every(({ manifest }) => manifest.annotations);
  return await joined(
    images.map((image) => () => describeImage(place.store, image, { what, root: descriptor, several, keys, io })),
  );
}

/** An index may have several images of one container, one for each architecture or engine. */
function firstOfEach(images: readonly CheckpointImage[]): CheckpointImage[] {
  const names = images.map(({ facts }) => facts.containerName);
  return images.filter(({ facts }, at) => names.indexOf(facts.containerName) === at);
}

interface Asked {
  what: string;
  /** What `what` names, of which the image is a part. */
  root: Descriptor;
  several: boolean;
  keys: readonly DecryptionKey[];
  io: Io;
}

/** One image of a registry or a layout. */
async function describeImage(
  store: ContentReader,
  image: CheckpointImage,
  { what, root, several, keys, io }: Asked,
): Promise<RestoreSource> {
  const pod = dnsName(image.facts.podName);
  const name = dnsName(image.facts.containerName);
  const layout = store instanceof Layout ? store : undefined;
  const named = (found: RestoreSource) => ({
    ...found,
    pod,
    containers: found.containers.map((each) => ({ ...each, name })),
  });
  const { signal } = io;
  if (keys.length > 0 && image.layers.some(({ mediaType }) => isEncryptedType(mediaType))) {
    const plain = decryptedBy(store, keys);
    const archive = await plain.changed(root, { signal });
    const write = async (path: string) => {
      await extractArchive(plain, archive, path, { signal, container: image.facts.containerName });
    };
    return named(await describeWritten(layout?.path ?? tmpdir(), write, io));
  }
  if (!layout) {
    const reference = digestReference(what, several ? image.manifest.digest : root.digest);
    return { pod, containers: [{ name, image: reference, pull: true }], diagnostics: [], ...NOTHING };
  }
  if (image.chain) {
    // Beside the layout, where the room for an archive is most likely.
    const write = async (path: string) => {
      await extractArchive(layout, image.manifest, path, { signal });
    };
    return named(await describeWritten(layout.path, write, io));
  }
  // A layout's blob is a file, which the runtime reads as it reads any archive.
  return named(await describeArchive(join(layout.path, 'blobs', 'sha256', hexOf(archiveLayer(image).digest)), io));
}

/** The containers of one pod; where one cannot be described, the others are disposed. */
async function joined(parts: readonly (() => Promise<RestoreSource>)[]): Promise<RestoreSource> {
  await using undo = new UndoStack({ deadline: 60_000 });
  const found: RestoreSource[] = [];
  for (const part of parts) {
    const source = await part();
    undo.push(source.pod, () => source[Symbol.asyncDispose]());
    found.push(source);
  }
  const held = undo.move();
  return {
    pod: found[0]?.pod ?? '',
    containers: found.flatMap(({ containers }) => containers),
    diagnostics: found.flatMap(({ diagnostics }) => diagnostics),
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}

function one(source: RestoreSource, what: string, container: string | undefined): RestoreSource {
  if (container === undefined) return source;
  const containers = source.containers.filter(({ name }) => name === container);
  if (containers.length > 0) return { ...source, containers };
  const names = source.containers.map(({ name }) => name).join(', ');
  throw cliError('ERR_USAGE_ARGUMENT', `${what} is of ${names}, not of ${JSON.stringify(container)}`);
}

const NOTHING = { [Symbol.asyncDispose]: async () => undefined };

async function describePath(what: string, { identity }: SourceOptions, io: Io): Promise<RestoreSource> {
  const path = resolve(what);
  await using sealed = await openSealed(path, identity, io);
  if (!sealed) return describeArchive(path, io);
  const recorded = await readSealedEvidence(path);
  const write = async (target: string) => {
    await writeUnsealed(sealed, target, io, (digest) => demandRecorded(digest, recorded?.digest, what));
  };
  // Awaited here: what is sealed is closed when this function ends.
  return await describeWritten(dirname(path), write, io);
}

/** An archive that `write` makes for as long as the source is open, in a folder of `parent` that only this user can enter. */
async function describeWritten(parent: string, write: (path: string) => Promise<void>, io: Io): Promise<RestoreSource> {
  const folder = await openTemporaryFolder(parent, 'restore');
  try {
    const path = join(folder.path, 'checkpoint.tar');
    await write(path);
    return { ...(await describeArchive(path, io)), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function describeArchive(path: string, io: Io): Promise<RestoreSource> {
  await using checkpoint = await openCheckpoint(path, { signal: io.signal });
  await noteOpened(checkpoint.archive, io);
  const { container } = checkpoint.metadata;
  return {
    pod: dnsName(container.podName),
    containers: [{ name: dnsName(container.name), image: path, pull: false }],
    diagnostics: checkpoint.diagnostics(),
    ...NOTHING,
  };
}

/** A manifest of the repository that `what` names. */
function digestReference(what: string, digest: Digest): string {
  const location = parseImageLocation(what);
  if (location.kind === 'layout') return what;
  const { registry, repository } = location.reference;
  return formatReference({ registry, repository, digest });
}

/** A name of the evidence where it is one that Kubernetes would take. */
function dnsName(name: string | undefined): string {
  return name && isDnsLabel(name) ? name : 'restored';
}
