/** What `stillframe restore` restores: looked at before any runtime is asked. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  archiveLayer,
  type CheckpointImage,
  checkpointImageAt,
  extractArchive,
  openCheckpoint,
} from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, hexOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { isDnsLabel } from '@stillframe/kubelet';
import { formatReference, isIndexType, Layout, parseImageLocation } from '@stillframe/oci';
import type { Io } from './io.ts';
import { isPathLike } from './open-evidence.ts';
import { openSource } from './open-location.ts';
import type { RegistryFlags } from './registries/flags.ts';
import { cliError } from './usage.ts';

/** Disposing removes the archive that was put together of a chain image; copies that were made of it do not need it. */
export interface RestoreSource extends AsyncDisposable {
  /** The image as the runtime is to be asked for it. */
  image: string;
  pull: boolean;
  /** Names for the copies. */
  pod: string;
  container: string;
  /** Faults of an archive on this machine; those of a registry's are told by the runtime that pulls it. */
  diagnostics: readonly Diagnostic[];
}

/** Throws what the readers throw, and ERR_NOT_A_CHECKPOINT. */
export async function describeSource(
  what: string,
  io: Io,
  { container, ...flags }: RegistryFlags & { container?: string } = {},
): Promise<RestoreSource> {
  if (isPathLike(what) || (await stat(what).catch(() => undefined))) return describeArchive(resolve(what), io);
  await using place = await openSource(what, io, flags);
  const descriptor = await place.store.resolve(place.tag, { signal: io.signal });
  const image = await checkpointImageAt(place.store, descriptor, { signal: io.signal, container });
  if (!image) {
    const message = `${what} is an ordinary image, not a checkpoint; nothing can be restored from it`;
    throw cliError('ERR_NOT_A_CHECKPOINT', message);
  }
  const names = { pod: dnsName(image.facts.podName), container: dnsName(image.facts.containerName) };
  if (!(place.store instanceof Layout)) {
    // Of an index over a pod the runtime would take the first container.
    const alone = isIndexType(descriptor.mediaType) && image.manifest.annotations !== undefined;
    const named = alone ? digestReference(what, image.manifest.digest) : what;
    return { image: named, pull: true, ...names, diagnostics: [], ...NOTHING };
  }
  if (image.chain) return { ...(await describeChain(place.store, image, io)), ...names };
  // A layout's blob is a file, which the runtime reads as it reads any archive.
  const archive = join(place.store.path, 'blobs', 'sha256', hexOf(archiveLayer(image).digest));
  return { ...(await describeArchive(archive, io)), ...names };
}

const NOTHING = { [Symbol.asyncDispose]: async () => undefined };

/** Beside the layout, where the room for an archive is most likely. */
async function describeChain(layout: Layout, image: CheckpointImage, io: Io): Promise<RestoreSource> {
  const folder = await openTemporaryFolder(layout.path, 'restore');
  try {
    const path = join(folder.path, 'checkpoint.tar');
    await extractArchive(layout, image.manifest, path, { signal: io.signal });
    return { ...(await describeArchive(path, io)), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function describeArchive(path: string, io: Io): Promise<RestoreSource> {
  await using checkpoint = await openCheckpoint(path, { signal: io.signal });
  const { container } = checkpoint.metadata;
  const names = { pod: dnsName(container.podName), container: dnsName(container.name) };
  return { image: path, pull: false, ...names, diagnostics: checkpoint.diagnostics(), ...NOTHING };
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
