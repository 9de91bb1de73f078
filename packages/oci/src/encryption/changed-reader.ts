/**
 * A store as it would be if layers of its images were others: what stands in manifests is changed, and so are the digests of
 * these and of the indexes over them. Nothing is stored; whoever copies from it copies the changed image.
 */
import { type Digest, digestOf, isObject, type JsonObject, limits } from '@stillframe/core';
import type { BlobSource, ContentOptions, ContentReader, ReferrersOptions } from '../content.ts';
import { type Descriptor, descriptorToJson, isIndexType, isManifestType } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { decodeObject, encodeCanonical } from '../json.ts';
import { type Index, type Manifest, parseImageConfig, parseManifestOrIndex } from '../manifest.ts';
import { readBlob } from '../read-blob.ts';
import { replayable } from '../verify.ts';

/** What stands in place of a layer. */
export interface ChangedLayer {
  readonly descriptor: Descriptor;
  stream(options?: ContentOptions): AsyncIterable<Uint8Array>;
  open(options?: ContentOptions): Promise<BlobSource>;
}

/** Where a layer stands. */
export interface LayerPlace {
  /** `layer 1 of 2 (sha256:…)`. */
  readonly what: string;
  /** Those that the image's config names; none where it cannot be read. */
  diffIDs(): Promise<readonly Digest[]>;
}

/** Undefined where the layer stays as it is. */
export type LayerChange = (
  layer: Descriptor,
  place: LayerPlace,
  options: ContentOptions,
) => Promise<ChangedLayer | undefined>;

/** How layers are changed, and what goes with the images. */
export interface ChangeOptions {
  readonly change: LayerChange;
  /**
   * The artifactTypes of what is said about an image that holds of the changed one too, so that it may be said of that. All
   * else that is said of an image with changed layers (signatures) stays behind.
   */
  readonly carried?: readonly string[] | undefined;
  /** Told of what an index names beside manifests, which stays as it is; throws where that may not be. */
  readonly onOther?: ((child: Descriptor) => void) | undefined;
}

/** Indexes within indexes; real ones have one level. */
const MAX_DEPTH = 8;
/** Manifests of one image; each is fetched to see whether its layers are changed. */
const MAX_MANIFESTS = 256;

/** Bytes of an unchanged manifest that is kept. */
const KEPT = 64 << 10;

interface Document {
  readonly bytes: Uint8Array;
  readonly original: Digest;
}

/** Disposing is the store's own affair, which must outlive it. */
export class ChangedReader implements ContentReader {
  readonly #store: ContentReader;
  readonly #change: ChangeOptions;
  /** By changed digest. */
  readonly #documents = new Map<Digest, Document>();
  /** Those that were looked at and are as they were: a copy that follows does not fetch them again. */
  readonly #unchanged = new Map<Digest, Uint8Array>();
  readonly #layers = new Map<Digest, ChangedLayer>();
  /** By the digest before: a layer that several manifests share is changed once. */
  readonly #seen = new Map<Digest, ChangedLayer | undefined>();

  constructor(store: ContentReader, change: ChangeOptions) {
    this.#store = store;
    this.#change = change;
  }

  /** As the store has it, changed. Throws what the change of layers throws, ERR_OCI_DOCUMENT_INVALID and _TOO_LARGE. */
  async resolve(reference: string, options: ContentOptions = {}): Promise<Descriptor> {
    return this.changed(await this.#store.resolve(reference, options), options);
  }

  /**
   * The same for a descriptor of the store; where none of its layers is changed it is that descriptor. Throws as resolve
   * does.
   */
  changed(descriptor: Descriptor, options: ContentOptions = {}): Promise<Descriptor> {
    const budget = { left: MAX_MANIFESTS };
    return this.#visit(descriptor, { depth: 0, budget }, options);
  }

  async manifest(descriptor: Descriptor, options: ContentOptions = {}): Promise<Uint8Array> {
    const { digest } = descriptor;
    const known = this.#documents.get(digest)?.bytes ?? this.#unchanged.get(digest);
    return known ?? this.#store.manifest(descriptor, options);
  }

  stream(descriptor: Descriptor, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    return this.#layers.get(descriptor.digest)?.stream(options) ?? this.#store.stream(descriptor, options);
  }

  async open(descriptor: Descriptor, options: ContentOptions = {}): Promise<BlobSource> {
    return (await this.#layers.get(descriptor.digest)?.open(options)) ?? this.#store.open(descriptor, options);
  }

  async referrers(digest: Digest, options: ReferrersOptions = {}): Promise<readonly Descriptor[]> {
    const original = this.#documents.get(digest)?.original;
    const found = (await this.#store.referrers?.(original ?? digest, options)) ?? [];
    if (original === undefined) return found;
    const carried = found.filter(({ artifactType }) => this.#change.carried?.includes(artifactType ?? ''));
    return Promise.all(carried.map((each) => this.#aboutChanged(each, digest, options)));
  }

  async #visit(
    descriptor: Descriptor,
    place: { depth: number; budget: { left: number } },
    options: ContentOptions,
  ): Promise<Descriptor> {
    const { depth, budget } = place;
    if (depth > MAX_DEPTH) throw ociError('ERR_OCI_DOCUMENT_INVALID', `indexes nest deeper than ${MAX_DEPTH} levels`);
    budget.left -= 1;
    if (budget.left < 0)
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `the image has more than ${MAX_MANIFESTS} manifests`);
    const bytes = await this.#store.manifest(descriptor, options);
    const document = parseManifestOrIndex(bytes, descriptor.mediaType);
    if (document.kind === 'manifest') {
      const layers = await this.#changedLayers(document, options);
      return this.#replaced(descriptor, bytes, 'layers', document.layers, layers);
    }
    const manifests: Descriptor[] = [];
    for (const child of document.manifests)
      manifests.push(await this.#child(child, { depth: depth + 1, budget }, options));
    return this.#replaced(descriptor, bytes, 'manifests', document.manifests, manifests);
  }

  async #child(child: Descriptor, place: { depth: number; budget: { left: number } }, options: ContentOptions) {
    const known = isManifestType(child.mediaType) || isIndexType(child.mediaType);
    if (known) return this.#visit(child, place, options);
    this.#change.onOther?.(child);
    return child;
  }

  async #changedLayers(manifest: Manifest, options: ContentOptions): Promise<Descriptor[]> {
    const changed: Descriptor[] = [];
    for (const [at, layer] of manifest.layers.entries()) {
      const what = `layer ${at + 1} of ${manifest.layers.length} (${layer.digest})`;
      if (!this.#seen.has(layer.digest)) {
        const diffIDs = () => this.#diffIDs(manifest, options);
        this.#seen.set(layer.digest, await this.#change.change(layer, { what, diffIDs }, options));
      }
      const one = this.#seen.get(layer.digest);
      if (one) this.#layers.set(one.descriptor.digest, one);
      changed.push(one?.descriptor ?? layer);
    }
    return changed;
  }

  async #diffIDs({ config }: Manifest, options: ContentOptions): Promise<readonly Digest[]> {
    try {
      return parseImageConfig(await readBlob(this.#store, config, { ...options, limit: limits.manifest })).diffIDs;
    } catch {
      options.signal?.throwIfAborted();
      return [];
    }
  }

  /** The descriptor of the document with `after` in place of `before`; whatever else stands in it is kept. */
  #replaced(
    descriptor: Descriptor,
    bytes: Uint8Array,
    member: 'layers' | 'manifests',
    before: readonly Descriptor[],
    after: readonly Descriptor[],
  ): Descriptor {
    // Not by digest: an empty layer has the same one once it is encrypted.
    if (before.every((each, at) => each === after[at])) {
      if (bytes.length <= KEPT) this.#unchanged.set(descriptor.digest, bytes);
      return descriptor;
    }
    const document = decodeObject(bytes, 'manifest');
    const list = document[member];
    const raw: unknown[] = Array.isArray(list) ? list : [];
    const changed = after.map((each, at) => (each === before[at] ? raw[at] : patched(raw[at], each)));
    return this.#keep(descriptor, { ...document, [member]: changed });
  }

  #keep(descriptor: Descriptor, document: JsonObject): Descriptor {
    const bytes = encodeCanonical(document);
    if (bytes.length > limits.manifest)
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `the changed manifest has ${bytes.length} bytes`);
    const digest = digestOf(bytes);
    this.#documents.set(digest, { bytes, original: descriptor.digest });
    return { ...descriptor, digest, size: bytes.length };
  }

  /** A manifest about an image, made one about the changed image. */
  async #aboutChanged(referrer: Descriptor, subject: Digest, options: ContentOptions): Promise<Descriptor> {
    const bytes = await this.#store.manifest(referrer, options);
    const document: Manifest | Index = parseManifestOrIndex(bytes, referrer.mediaType);
    const size = this.#documents.get(subject)?.bytes.length;
    if (!document.subject || size === undefined) return referrer;
    const raw = decodeObject(bytes, 'manifest');
    return this.#keep(referrer, {
      ...raw,
      subject: patched(raw['subject'], { ...document.subject, digest: subject, size }),
    });
  }
}

/** What is no member of a descriptor as we know them, such as one that a later specification adds, stays. */
function patched(raw: unknown, descriptor: Descriptor): JsonObject {
  const { annotations: _annotations, data: _data, ...rest } = isObject(raw) ? raw : {};
  return { ...rest, ...descriptorToJson(descriptor) };
}

/** A source that is closed with what it is made of. */
export function closing(source: Omit<BlobSource, typeof Symbol.asyncDispose>, inner: AsyncDisposable): BlobSource {
  return { ...source, [Symbol.asyncDispose]: async () => await inner[Symbol.asyncDispose]() };
}

/** An iterable that is made anew from chunks that are, too. */
export function mapped(
  chunks: AsyncIterable<Uint8Array>,
  through: (chunks: AsyncIterable<Uint8Array>) => AsyncIterator<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return replayable(() => through(chunks));
}
