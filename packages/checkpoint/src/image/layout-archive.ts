/** An image layout in one tar file (image-spec: image-layout.md; what `ctr images export` and `skopeo copy oci-archive:` write). */
import { type ByteSource, hexOf, limits, type ReadOptions, readAll, streamOf } from '@stillframe/core';
import {
  type BlobSource,
  type ContentReader,
  type Descriptor,
  manifestUnknown,
  parseIndex,
  verified,
  verifyBytes,
} from '@stillframe/oci';
import type { Archive } from '../archive/open.ts';
import { checkpointError } from '../errors.ts';

/** Annotations by which an entry of index.json is named. */
const NAMES = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];
/** What is meant where nothing was named. */
const DEFAULT_TAG = 'latest';

/** Whether an archive is such a layout rather than a checkpoint. */
export function isLayoutArchive(archive: Pick<Archive, 'has'>): boolean {
  return archive.has('oci-layout') && archive.has('index.json');
}

/** Reads a layout where it lies in `archive`, which must stay open meanwhile. */
export function layoutReader(archive: Pick<Archive, 'has' | 'open' | 'label'>): ContentReader {
  const blob = ({ digest, size }: Descriptor): ByteSource => {
    const name = `blobs/sha256/${hexOf(digest)}`;
    if (!archive.has(name)) throw missing(`${archive.label} has no blob ${digest}`);
    const source = archive.open(name);
    if (source.size !== size) throw missing(`blob ${digest} of ${archive.label} has ${source.size} bytes, not ${size}`);
    return source;
  };
  return {
    async resolve(reference, options) {
      const entries = await readEntries(archive, options);
      const found = entries.filter((entry) => isNamed(entry, reference));
      const [only] = entries;
      const meant = found[0] ?? (reference === DEFAULT_TAG && entries.length === 1 ? only : undefined);
      if (!meant) throw manifestUnknown(`${archive.label} has no image ${JSON.stringify(reference.slice(0, 200))}`);
      return meant;
    },
    async manifest(descriptor, options) {
      const bytes = await readAll(blob(descriptor), { ...options, limit: limits.manifest });
      verifyBytes(bytes, descriptor);
      return bytes;
    },
    stream: (descriptor, options) => verified(streamOf(blob(descriptor), options), descriptor),
    async open(descriptor): Promise<BlobSource> {
      return { ...blob(descriptor), [Symbol.asyncDispose]: async () => undefined };
    },
  };
}

async function readEntries(
  archive: Pick<Archive, 'open'>,
  options: ReadOptions | undefined,
): Promise<readonly Descriptor[]> {
  const bytes = await readAll(archive.open('index.json'), { ...options, limit: limits.manifest });
  return parseIndex(bytes, 'application/vnd.oci.image.index.v1+json').manifests;
}

/** By digest, by whole name, or by the tag at the end of a whole name. */
function isNamed({ digest, annotations }: Descriptor, reference: string): boolean {
  if (digest === reference) return true;
  const names = NAMES.map((key) => annotations?.[key]);
  return names.some((name) => name === reference || name?.endsWith(`:${reference}`));
}

function missing(message: string) {
  return checkpointError('ERR_IMAGE_LAYOUT_INCOMPLETE', message);
}
