/** A repository of a registry as a destination: each archive becomes a checkpoint image, its evidence what is said about that. */
import { convertArchive, decodeAnnotations } from '@stillframe/checkpoint';
import { type Digest, hexOf, isCode, observedSource } from '@stillframe/core';
import {
  type ContentStore,
  type Descriptor,
  type EncryptionKey,
  formatReference,
  parseManifestOrIndex,
  putArtifact,
  type Reference,
} from '@stillframe/oci';
import { encryptedImage } from '../image/encrypted.ts';
import { attachEvidence, findAttached } from '../image/evidence.ts';
import type { Signer } from '../image/sign.ts';
import type { Io } from '../io.ts';
import { openLocation } from '../open-location.ts';
import type { RegistryFlags } from '../registries/flags.ts';
import type { Destination, PlacingOptions, ReadyArchive } from './destination.ts';
import type { Placed } from './record.ts';

/** The artifactType of what rules found: the record of a scan, in an envelope (DSSE). */
const FINDINGS = 'application/vnd.stillframe.findings.v1+json';
const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** Characters of a tag, of 128 that there may be, that come from the archive's name. */
const NAMED = 110;
/** Characters of the digest behind them. */
const HASHED = 12;

export interface RegistryDestinationOptions {
  /** Its tag and digest are not heeded. */
  readonly reference: Reference;
  readonly recipients: readonly EncryptionKey[];
  readonly signer: Signer | undefined;
  readonly node: string | undefined;
  readonly flags: RegistryFlags;
  readonly io: Io;
}

/**
 * Tags follow from name and digest, so the same archive finds itself there again, also where no record of it is left, and another one
 * of that name gets another tag.
 */
export function registryDestination(options: RegistryDestinationOptions): Destination {
  const { registry, repository } = options.reference;
  const text = `${registry}/${repository}`;
  const opened = async <T>(
    archive: { name: string; digest: Digest },
    signal: AbortSignal,
    use: (place: { store: ContentStore; tag: string; reference: string }) => Promise<T>,
  ): Promise<T> => {
    const reference = formatReference({ registry, repository, tag: tagOf(archive) });
    // Opened each time: credentials and certificates may be others by then.
    await using place = await openLocation(reference, { ...options.io, signal }, options.flags);
    return await use({ store: place.store, tag: place.tag, reference });
  };
  return {
    text,
    place: (archive, placing) =>
      opened(archive, placing.signal, async ({ store, tag, reference }): Promise<Placed> => {
        const { signal } = placing;
        const target =
          (await imageThere(store, tag, archive.digest, signal)) ??
          (await putImage({ store, tag }, archive, placing, options));
        if (!(await findAttached(store, [target], archive.digest, signal)))
          await attachEvidence(store, target, archive.evidence, signal);
        await options.signer?.(store, target, reference);
        return { destination: text, reference: `${reference}@${target.digest}`, at: new Date().toISOString() };
      }),
    placeFindings: (archive, findings, signal) =>
      opened(archive, signal, async ({ store, tag }) => {
        const target = await imageThere(store, tag, archive.digest, signal);
        if (!target || (await store.referrers(target.digest, { artifactType: FINDINGS, signal })).length > 0) return;
        const { bytes, count, worst = 'none' } = findings;
        const annotations = { 'io.stillframe.findings.count': String(count), 'io.stillframe.findings.worst': worst };
        const artifact = { artifactType: FINDINGS, mediaType: ENVELOPE, subject: target, bytes, annotations };
        await putArtifact(store, artifact, { signal });
      }),
    holds: (archive, signal) =>
      opened(archive, signal, async ({ store, tag }) => {
        const target = await imageThere(store, tag, archive.digest, signal);
        return target !== undefined && (await findAttached(store, [target], archive.digest, signal)) !== undefined;
      }),
  };
}

/** The tag of an archive. */
export function tagOf({ name, digest }: { name: string; digest: Digest }): string {
  const named = name
    .replace(/^checkpoint-/, '')
    .replace(/\.tar$/, '')
    .replace(/[^A-Za-z0-9_.-]/g, '-');
  return `${named.slice(0, NAMED)}-${hexOf(digest).slice(0, HASHED)}`;
}

/** The image under that tag where it is the one of this archive and all of it is there. */
async function imageThere(
  store: ContentStore,
  tag: string,
  digest: Digest,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  let target: Descriptor;
  try {
    target = await store.resolve(tag, { signal });
  } catch (error) {
    if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return undefined;
    throw error;
  }
  const document = parseManifestOrIndex(await store.manifest(target, { signal }), target.mediaType);
  if (document.kind !== 'manifest') return undefined;
  if (decodeAnnotations(document.annotations ?? {})?.recordedDigest !== digest) return undefined;
  for (const part of [document.config, ...document.layers]) if (!(await store.has(part, { signal }))) return undefined;
  return target;
}

async function putImage(
  place: { store: ContentStore; tag: string },
  { checkpoint, digest, evidence }: ReadyArchive,
  { signal, onProgress }: PlacingOptions,
  { recipients, node, io }: RegistryDestinationOptions,
): Promise<Descriptor> {
  // Also where it is read to be encrypted, which takes as long.
  const { archive } = checkpoint;
  const bytes = archive.bytes && observedSource(archive.bytes, onProgress);
  const build = async ({ store, tag }: { store: ContentStore; tag: string }) => {
    const image = await convertArchive({ ...checkpoint, archive: { ...archive, bytes } }, store, {
      ...{ tag, knownDigest: digest, incomplete: true, signal },
      facts: { recordedDigest: digest, recordedName: evidence.name, collectedFrom: node },
    });
    return { target: image.target, containers: [image] };
  };
  if (recipients.length === 0) return (await build(place)).target;
  const into = await encryptedImage(build, recipients, { ...io, signal });
  return (await into(place)).target;
}
