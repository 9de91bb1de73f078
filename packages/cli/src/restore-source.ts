/** What `stillframe restore` restores: looked at before any runtime is asked. */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  archiveLayer,
  checkpointImageAt,
  demandRecorded,
  extractArchive,
  openCheckpoint,
} from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, hexOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { isDnsLabel } from '@stillframe/kubelet';
import { formatReference, isEncryptedType, isIndexType, Layout, parseImageLocation } from '@stillframe/oci';
import type { Io } from './io.ts';
import { readDecryptionKeys, seenThrough } from './key-files.ts';
import type { DecryptionOptions, IdentityOptions } from './key-options.ts';
import { isPathLike } from './open-evidence.ts';
import { openLocation } from './open-location.ts';
import { openSealed, readSealedEvidence, writeUnsealed } from './sealed.ts';
import { cliError } from './usage.ts';

/**
 * Disposing removes the archive that was put together of a chain image, or decrypted; copies that were made of it do not
 * need it.
 */
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

/** What is needed besides the checkpoint's place. */
export interface SourceOptions extends DecryptionOptions, IdentityOptions {
  /** Which container, of an image of a pod. */
  container?: string;
}

/** Throws what the readers throw, and ERR_NOT_A_CHECKPOINT. */
export async function describeSource(what: string, io: Io, options: SourceOptions = {}): Promise<RestoreSource> {
  const keys = await readDecryptionKeys(options.decryptionKey ?? [], io);
  if (isPathLike(what) || (await stat(what).catch(() => undefined))) return describePath(what, options, io);
  await using place = await openLocation(what, io);
  const { signal } = io;
  const { container } = options;
  const descriptor = await place.store.resolve(place.tag, { signal });
  const image = await checkpointImageAt(place.store, descriptor, { signal, container });
  if (!image) {
    const message = `${what} is an ordinary image, not a checkpoint; nothing can be restored from it`;
    throw cliError('ERR_NOT_A_CHECKPOINT', message);
  }
  const names = { pod: dnsName(image.facts.podName), container: dnsName(image.facts.containerName) };
  const layout = place.store instanceof Layout ? place.store : undefined;
  if (keys.length > 0 && image.layers.some(({ mediaType }) => isEncryptedType(mediaType))) {
    const store = seenThrough(place.store, keys);
    const decrypted = await store.resolve(place.tag, { signal });
    const write = async (path: string) => {
      await extractArchive(store, decrypted, path, { signal, container });
    };
    return { ...(await describeWritten(layout?.path ?? tmpdir(), write, io)), ...names };
  }
  if (!layout) {
    // Of an index over a pod the runtime would take the first container.
    const alone = isIndexType(descriptor.mediaType) && image.manifest.annotations !== undefined;
    const named = alone ? digestReference(what, image.manifest.digest) : what;
    return { image: named, pull: true, ...names, diagnostics: [], ...NOTHING };
  }
  if (image.chain) {
    // Beside the layout, where the room for an archive is most likely.
    const write = async (path: string) => {
      await extractArchive(layout, image.manifest, path, { signal });
    };
    return { ...(await describeWritten(layout.path, write, io)), ...names };
  }
  // A layout's blob is a file, which the runtime reads as it reads any archive.
  const archive = join(layout.path, 'blobs', 'sha256', hexOf(archiveLayer(image).digest));
  return { ...(await describeArchive(archive, io)), ...names };
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
