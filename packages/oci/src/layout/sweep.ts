/** Removing what an image held, where no other image of the layout holds it too. */
import { rm } from 'node:fs/promises';
import type { Digest } from '@stillframe/core';
import type { ContentOptions, ManifestReader, Removed } from '../content.ts';
import { type Descriptor, isIndexType, isManifestType, isNondistributable } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { blobPath, sizeOfFile } from './folder.ts';

/** Indexes within indexes; real ones have one level. */
const MAX_DEPTH = 8;

/**
 * Digests of `root` and of all that it names, directly or not. Manifests that are missing or damaged name nothing: `whole` is
 * then false.
 */
export async function reachable(
  store: ManifestReader,
  roots: readonly Descriptor[],
  options: ContentOptions = {},
): Promise<{ digests: Set<Digest>; whole: boolean }> {
  const digests = new Set<Digest>();
  let whole = true;
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
      else whole = false;
    } catch {
      options.signal?.throwIfAborted();
      whole = false;
    }
  };
  for (const root of roots) await visit(root, 0);
  return { digests, whole };
}

/** Removes the blobs of `candidates` that no entry needs; one that another folder links to keeps its room there. Where an entry's manifest cannot be read, none is removed. */
export async function sweep(
  root: string,
  store: ManifestReader,
  { candidates, entries }: { candidates: ReadonlySet<Digest>; entries: readonly Descriptor[] },
): Promise<Removed> {
  const swept = { blobs: 0, bytes: 0 };
  const needed = await reachable(store, entries);
  if (!needed.whole) return swept;
  for (const digest of candidates) {
    if (needed.digests.has(digest)) continue;
    const path = blobPath(root, digest);
    const size = await sizeOfFile(path);
    if (size === undefined) continue;
    await rm(path);
    swept.blobs += 1;
    swept.bytes += size;
  }
  return swept;
}

/** Throws ERR_OCI_BLOB_UNKNOWN for a manifest whose config or layers are not all there, as after a sweep meanwhile. */
export async function demandBlobs(root: string, bytes: Uint8Array, mediaType: string): Promise<void> {
  const document = parseManifestOrIndex(bytes, mediaType);
  if (document.kind !== 'manifest') return;
  for (const { digest, mediaType: type } of [document.config, ...document.layers]) {
    if (isNondistributable(type)) continue;
    if ((await sizeOfFile(blobPath(root, digest))) === undefined)
      throw ociError('ERR_OCI_BLOB_UNKNOWN', `${root} lost blob ${digest} while the image was stored`);
  }
}
