/** Checkpoint images of a store as what retention decides about: a manifest or index with all its tags is one. */
import { type CheckpointImage, checkpointImagesAt } from '@stillframe/checkpoint';
import { type Digest, isDigest, limits, StillframeError } from '@stillframe/core';
import { parseArchiveName } from '@stillframe/kubelet/names';
import {
  type ContentReader,
  type Descriptor,
  isIndexType,
  mediaTypes,
  parseImageConfig,
  parseManifestOrIndex,
  readBlob,
} from '@stillframe/oci';
import { groupsOf } from '../checkpoints/owner.ts';
import type { OwnedUnit } from './view.ts';

export interface ImageUnit extends OwnedUnit {
  readonly digest: Digest;
  /** In order; none for one that is listed without. */
  readonly tags: readonly string[];
}

/** An image that was looked at. */
export interface SeenImage {
  /** Undefined for an ordinary image, which no rule is about. */
  readonly unit: ImageUnit | undefined;
  /** Digests of the manifests that it names, and what is in those. */
  readonly children: readonly Digest[];
}

/** Levels of indexes within indexes that are looked at, and manifests of one image. */
const MAX_DEPTH = 8;
const MAX_CHILDREN = 1000;

/** Looks at an image. Throws the errors of the store. */
export async function seeImage(
  store: ContentReader,
  descriptor: Descriptor,
  { tags, pinned, signal }: { tags: readonly string[]; pinned: boolean; signal: AbortSignal },
): Promise<SeenImage> {
  const reader = remembering(store);
  const children = await childrenOf(reader, descriptor, signal);
  const images = await checkpointImagesAt(reader, descriptor, { signal });
  const [first] = images;
  if (!first) return { unit: undefined, children };
  const { podNamespace = '', podName = '', containerName } = first.facts;
  const container = images.length === 1 ? containerName : undefined;
  const times = await Promise.all(images.map((image) => timeOf(reader, image, signal)));
  const known = times.filter((time) => time !== undefined);
  const blobs = images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]);
  const owner = {
    text: [podNamespace || '?', podName || '?', ...(container === undefined ? [] : [container])].join('/'),
  };
  const unit: ImageUnit = {
    name: tags.length > 0 ? tags.join(', ') : descriptor.digest,
    digest: descriptor.digest,
    tags,
    pinned,
    owner,
    groups: groupsOf(podNamespace, podName, container),
    address: [podNamespace, podName, ...(container === undefined ? [] : [container])],
    time: known.length > 0 ? Math.max(...known) : undefined,
    parts: new Map([descriptor, ...blobs].map(({ digest, size }) => [digest, size])),
  };
  return { unit, children };
}

/** When it was captured: by its annotations, by the name that its archive had, or by its config, as buildah makes it. */
async function timeOf(
  store: ContentReader,
  { facts, config, chain }: CheckpointImage,
  signal: AbortSignal,
): Promise<number | undefined> {
  const said = Date.parse(facts.capturedAt ?? '');
  if (!Number.isNaN(said)) return said;
  const named = parseArchiveName(facts.recordedName ?? '')?.time;
  if (named !== undefined || chain || config.mediaType !== mediaTypes.config) return named;
  try {
    const { created } = parseImageConfig(await readBlob(store, config, { signal, limit: limits.manifest }));
    const time = Date.parse(created ?? '');
    return Number.isNaN(time) ? undefined : time;
  } catch (error) {
    signal.throwIfAborted();
    if (!StillframeError.is(error)) throw error;
    return undefined;
  }
}

async function childrenOf(store: ContentReader, descriptor: Descriptor, signal: AbortSignal): Promise<Digest[]> {
  const found = new Set<Digest>();
  const visit = async (index: Descriptor, depth: number): Promise<void> => {
    if (!isIndexType(index.mediaType) || depth > MAX_DEPTH || found.size > MAX_CHILDREN) return;
    const document = parseManifestOrIndex(await store.manifest(index, { signal }), index.mediaType);
    if (document.kind !== 'index') return;
    for (const child of document.manifests) {
      if (found.has(child.digest)) continue;
      found.add(child.digest);
      await visit(child, depth + 1);
    }
  };
  await visit(descriptor, 0);
  return [...found];
}

/** Asks for each manifest once; for one image only, whose manifests are few. */
function remembering(store: ContentReader): ContentReader {
  const known = new Map<string, Promise<Uint8Array>>();
  return {
    resolve: (reference, options) => store.resolve(reference, options),
    stream: (descriptor, options) => store.stream(descriptor, options),
    open: (descriptor, options) => store.open(descriptor, options),
    manifest(descriptor, options) {
      const asked = known.get(descriptor.digest) ?? store.manifest(descriptor, options);
      known.set(descriptor.digest, asked);
      return asked;
    },
  };
}

/** Whether a tag is one of those that always stay; `*` at the end of a pattern stands for anything. */
export function isProtected(tag: string, patterns: readonly string[]): boolean {
  return patterns.some((each) => (each.endsWith('*') ? tag.startsWith(each.slice(0, -1)) : tag === each));
}

/** The tag under which registries and tools keep what is said about an image: `sha256-…`, perhaps with an ending. */
export function attachmentOf(tag: string): { subject: Digest; kind: string } | undefined {
  const [, hex, kind = ''] = /^sha256-([0-9a-f]{64})(?:\.([a-z0-9]+))?$/.exec(tag) ?? [];
  const subject = `sha256:${hex}`;
  return isDigest(subject) ? { subject, kind } : undefined;
}
