/**
 * Checkpoints as containerd keeps them itself (`ctr containers checkpoint`): an index whose entries are the parts, each of
 * a media type of its own (checkpoint-spec 4.2). Read as the archive that containerd's CRI would have made of them.
 */
import { bytesSource, limits, type ReadOptions, readAll, UndoStack } from '@stillframe/core';
import type { ContentReader, Descriptor, Index } from '@stillframe/oci';
import { type Archive, type OpenArchiveOptions, openArchive } from '../archive/open.ts';
import { requireFile } from '../archive/reader.ts';
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import { checkpointError } from '../errors.ts';
import { ROOTFS_DIFF } from '../rootfs-diff.ts';
import { cachedSource } from './block-cache.ts';

/** CRIU's images, a flat tar. */
const CRIU_TAR = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';
/** The OCI runtime specification, in a google.protobuf.Any. */
const CONFIG = 'application/vnd.containerd.container.checkpoint.config.v1+proto';
/** The changes of the root filesystem, with whiteouts. */
const LAYERS = ['application/vnd.oci.image.layer.v1.tar+gzip', 'application/vnd.oci.image.layer.v1.tar'];

/** Whether an index is such a checkpoint. */
export function isContainerdCheckpoint({ manifests }: Pick<Index, 'manifests'>): boolean {
  return manifests.some(({ mediaType }) => mediaType === CRIU_TAR);
}

/** Opens the parts as one archive. Throws what openArchive throws for the tar of CRIU's images, and the errors of the store. */
export async function openContainerdIndex(
  store: ContentReader,
  { manifests }: Pick<Index, 'manifests'>,
  options: OpenArchiveOptions = {},
): Promise<Archive> {
  const closing = new UndoStack();
  try {
    return await assemble(store, manifests, closing, options);
  } catch (error) {
    await closing[Symbol.asyncDispose]();
    throw error;
  }
}

async function assemble(
  store: ContentReader,
  manifests: readonly Descriptor[],
  closing: UndoStack,
  options: OpenArchiveOptions,
): Promise<Archive> {
  const part = async (...types: readonly string[]) => {
    const descriptor = manifests.find(({ mediaType }) => types.includes(mediaType));
    return descriptor && (await openPart(store, descriptor, closing, options));
  };
  const criu = await part(CRIU_TAR);
  if (!criu) throw checkpointError('ERR_IMAGE_NOT_CHECKPOINT', 'the index has no part with CRIU images');
  const images = await openArchive(criu, options);
  closing.push('CRIU images', () => images[Symbol.asyncDispose]());
  const entries = new Map<string, ArchiveEntry>();
  for (const entry of images.entries.values())
    entries.set(`checkpoint/${entry.name}`, { ...entry, name: `checkpoint/${entry.name}` });
  const others = new Map(
    Object.entries({ [ROOTFS_DIFF]: await part(...LAYERS), 'spec.dump': await specOf(await part(CONFIG), options) }),
  );
  for (const [name, source] of others) if (source) entries.set(name, { ...PLAIN, name, size: source.size });
  return {
    ...images,
    entries,
    has: (name) => entries.has(name),
    open(name) {
      const entry = requireFile(entries, name);
      return others.get(name) ?? images.open(entry.name.slice('checkpoint/'.length));
    },
    [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
  };
}

const PLAIN = { kind: 'file', offset: 0, headerOffset: 0, mode: 0o600, mtime: 0 } as const;

async function openPart(store: ContentReader, descriptor: Descriptor, closing: UndoStack, options: ReadOptions) {
  const blob = await store.open(descriptor, options);
  closing.push('part', async () => await blob[Symbol.asyncDispose]());
  return cachedSource(blob);
}

/** The value of the Any as it is: JSON. */
async function specOf(part: ReturnType<typeof cachedSource> | undefined, options: ReadOptions) {
  if (!part || part.size > limits.json) return undefined;
  const value = anyValue(await readAll(part, { ...options, limit: limits.json }));
  return value && bytesSource(value);
}

/** Field 2 of a message whose fields are all length-delimited, as those of google.protobuf.Any are. */
function anyValue(bytes: Uint8Array): Uint8Array | undefined {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; at < bytes.length; shift *= 128) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80 || shift > 2 ** 35) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const length = varint();
    if ((tag & 7) !== 2 || at + length > bytes.length) return undefined;
    if (tag >> 3 === 2) return bytes.subarray(at, at + length);
    at += length;
  }
  return undefined;
}
