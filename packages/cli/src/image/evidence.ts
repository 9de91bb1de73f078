/** The evidence of an archive, beside it and beside the image that is made of it. */
import { lstat } from 'node:fs/promises';
import { type Digest, limits, orAbsent, readAll, StillframeError } from '@stillframe/core';
import { openFileSource, writeAtomically } from '@stillframe/core/file';
import { decodeCapture, evidencePath, type RecordedCapture } from '@stillframe/evidence';
import {
  type ContentReader,
  type ContentWriter,
  type Descriptor,
  parseManifest,
  putArtifact,
  readBlob,
} from '@stillframe/oci';

/** The artifactType of evidence in a store: the envelope as it lay beside the archive, about the image as its subject. */
const EVIDENCE = 'application/vnd.stillframe.evidence.v1+json';
/** An in-toto statement in an envelope (DSSE). */
const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** What holds of an image also once it is encrypted or decrypted: evidence is about the archive. */
export const CARRIED: readonly string[] = [EVIDENCE];
/** Referrers of that type that are looked at. */
const MOST = 16;

/** Evidence as it was written, and what it says. */
export interface FoundEvidence extends RecordedCapture {
  readonly bytes: Uint8Array;
}

/**
 * The evidence beside an archive; undefined where there is none, as beside archives of other engines. Throws
 * ERR_EVIDENCE_INVALID, ERR_FILE_UNREADABLE or ERR_LIMIT_EXCEEDED for evidence that cannot be read: that is not none.
 */
export async function readEvidence(archive: string): Promise<FoundEvidence | undefined> {
  const path = evidencePath(archive);
  if (!(await orAbsent(lstat(path), 'ENOENT'))) return undefined;
  await using file = await openFileSource(path);
  return found(await readAll(file, { limit: limits.json }));
}

/** Writes evidence beside `archive`. Answers whether it did: what is there already stays. */
export async function copyEvidence({ bytes }: FoundEvidence, archive: string): Promise<boolean> {
  const written = writeAtomically(evidencePath(archive), (file) => file.writeFile(bytes), { replace: false });
  const done = written.then(() => true);
  return (await orAbsent(done, 'ERR_FILE_EXISTS')) ?? false;
}

/** Throws ERR_EVIDENCE_INVALID. */
function found(bytes: Uint8Array): FoundEvidence {
  return { ...decodeCapture(new TextDecoder().decode(bytes)), bytes };
}

/** Puts the evidence beside an image, as what is said about it. Throws the errors of the store. */
export async function attachEvidence(
  store: ContentWriter,
  subject: Descriptor,
  { bytes }: FoundEvidence,
  signal: AbortSignal,
): Promise<void> {
  await putArtifact(store, { artifactType: EVIDENCE, mediaType: ENVELOPE, subject, bytes }, { signal });
}

/**
 * Writes the evidence that came with an image beside the archive out of it, if it is about that very archive. Answers whether
 * it did; evidence that is there already stays. Throws the errors of the store.
 */
export async function writeAttached(
  store: ContentReader,
  subjects: readonly Descriptor[],
  { archive, digest }: { archive: string; digest: Digest },
  signal: AbortSignal,
): Promise<boolean> {
  const evidence = await findAttached(store, subjects, digest, signal);
  return evidence ? copyEvidence(evidence, archive) : false;
}

/** The evidence about the archive of that digest, beside one of these manifests. Throws the errors of the store. */
export async function findAttached(
  store: ContentReader,
  subjects: readonly Descriptor[],
  digest: Digest,
  signal: AbortSignal,
): Promise<FoundEvidence | undefined> {
  for (const { digest: subject } of subjects) {
    const referrers = (await store.referrers?.(subject, { artifactType: EVIDENCE, signal })) ?? [];
    for (const referrer of referrers.slice(0, MOST)) {
      const evidence = await readAttached(store, referrer, signal);
      if (evidence?.digest === digest) return evidence;
    }
  }
  return undefined;
}

/** Undefined for what is no evidence that can be read; whoever can write to a registry can put anything there. */
async function readAttached(
  store: ContentReader,
  referrer: Descriptor,
  signal: AbortSignal,
): Promise<FoundEvidence | undefined> {
  const { layers } = parseManifest(await store.manifest(referrer, { signal }), referrer.mediaType);
  const [layer] = layers;
  if (!layer || layer.size > limits.json) return undefined;
  const bytes = await readBlob(store, layer, { signal, limit: limits.json });
  try {
    return found(bytes);
  } catch (error) {
    if (StillframeError.is(error)) return undefined;
    throw error;
  }
}
