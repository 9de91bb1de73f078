/** Removing what an image held, where no other image of the layout holds it too. */
import { rm } from 'node:fs/promises';
import type { Digest } from '@stillframe/core';
import type { BlobWriter, ContentOptions, ManifestReader } from '../content.ts';
import { type Descriptor, isIndexType, isManifestType, isNondistributable } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { blobPath, sizeOfFile } from './folder.ts';

/** Indexes within indexes; real ones have one level. */
const MAX_DEPTH = 8;

/** What descriptors name, directly or not, themselves included. */
export interface Reachable {
  readonly digests: ReadonlySet<Digest>;
  /** Manifests that are missing, damaged or nested too deep: what these name is not among `digests`. */
  readonly unreadable: readonly Digest[];
}

/** Goes through all that `roots` name. Throws the reason of an aborted signal alone. */
export async function reachable(
  store: ManifestReader,
  roots: readonly Descriptor[],
  options: ContentOptions = {},
): Promise<Reachable> {
  const digests = new Set<Digest>();
  const unreadable: Digest[] = [];
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    const { digest, mediaType } = descriptor;
    if (digests.has(digest)) return;
    digests.add(digest);
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) return;
    try {
      const document = parseManifestOrIndex(await store.manifest(descriptor, options), mediaType);
      if (document.kind === 'manifest')
        for (const blob of [document.config, ...document.layers]) digests.add(blob.digest);
      else if (depth < MAX_DEPTH) for (const child of document.manifests) await visit(child, depth + 1);
      else unreadable.push(digest);
    } catch {
      options.signal?.throwIfAborted();
      unreadable.push(digest);
    }
  };
  for (const root of roots) await visit(root, 0);
  return { digests, unreadable };
}

/** What sweep needs to know while nobody changes the list. */
export interface Sweep {
  readonly needed: ReadonlySet<Digest>;
  /** Whether still nobody can change the list. */
  held(): Promise<boolean>;
  /** Counts what is removed; one that another folder links to keeps its room there. */
  readonly swept: { blobs: number; bytes: number };
}

/** Removes the blobs of `candidates` that are not needed; false where it had to stop, since the list may have changed. */
export async function sweep(
  root: string,
  candidates: ReadonlySet<Digest>,
  { needed, held, swept }: Sweep,
): Promise<boolean> {
  for (const digest of candidates) {
    if (needed.has(digest)) continue;
    const path = blobPath(root, digest);
    const size = await sizeOfFile(path);
    if (size === undefined) continue;
    if (!(await held())) return false;
    await rm(path);
    swept.blobs += 1;
    swept.bytes += size;
  }
  return true;
}

/**
 * Throws ERR_OCI_BLOB_UNKNOWN or ERR_OCI_MANIFEST_UNKNOWN for an image or index of which not all is there, as after a sweep
 * meanwhile, and what the store throws for a child that is damaged.
 */
export async function demandContent(
  store: ManifestReader & Pick<BlobWriter, 'has'>,
  descriptor: Descriptor,
  depth = 0,
): Promise<void> {
  const { mediaType } = descriptor;
  const isDocument = isManifestType(mediaType) || isIndexType(mediaType);
  if (!isDocument) return demandBlob(store, descriptor);
  if (depth > MAX_DEPTH) throw ociError('ERR_OCI_DOCUMENT_INVALID', `indexes nest deeper than ${MAX_DEPTH} levels`);
  const document = parseManifestOrIndex(await store.manifest(descriptor), mediaType);
  if (document.kind === 'manifest') {
    for (const blob of [document.config, ...document.layers]) await demandBlob(store, blob);
  } else {
    for (const child of document.manifests) await demandContent(store, child, depth + 1);
  }
}

async function demandBlob(store: Pick<BlobWriter, 'has'>, blob: Descriptor): Promise<void> {
  if (isNondistributable(blob.mediaType) || (await store.has(blob))) return;
  throw ociError('ERR_OCI_BLOB_UNKNOWN', `blob ${blob.digest} is not there, or was lost while the image was stored`);
}
