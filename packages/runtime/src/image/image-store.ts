/** Images of this node: content in one OCI layout, layers unpacked once and shared by all containers. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  archiveLayer,
  archiveOf,
  archiveStream,
  decodeAnnotations,
  isChain,
  readChainConfig,
} from '@stillframe/checkpoint';
import { type Digest, hexOf, type Logger, limits, messageOf, type ReadOptions, readAll } from '@stillframe/core';
import {
  type ContentWriter,
  copyImage,
  type Descriptor,
  decryptingReader,
  type ImageConfig,
  type KeyRing,
  Layout,
  type Manifest,
  parseImageConfig,
  parseManifest,
} from '@stillframe/oci';
import { runtimeError } from '../errors.ts';
import { KeyedLock } from '../store/keyed-lock.ts';
import { RecordStore } from '../store/record-store.ts';
import { collect, collectTemporary } from './collect.ts';
import { Gate } from './gate.ts';
import { findByName, idOf, isNamedBy, nameFor } from './names.ts';
import { platformManifest } from './platform.ts';
import { openPullSource, type PullOptions, type PullSource } from './pull-source.ts';
import type { ImageRecord } from './record.ts';
import { unpackLayer } from './unpack-layer.ts';

export { ociArchitecture } from './platform.ts';
export type { OpenRepository, PullOptions } from './pull-source.ts';
export type { ImageRecord } from './record.ts';

/** The one lock under which records change: reading one, waiting and writing it back must not cross another's. */
const RECORDS = 'records';

export class ImageStore {
  readonly layersFolder: string;
  /** Beginnings (`name*`) or whole names of images that the kubelet must never remove to free space. */
  pinned: readonly string[] = [];
  /** Keys of encrypted images, asked for when one is pulled. */
  decryptionKeys: KeyRing = async () => [];
  readonly #layout: Layout;
  readonly #records: RecordStore<ImageRecord>;
  readonly #locks = new KeyedLock();
  /** Pulls and creations go on beside each other, the removal of an image beside neither's critical part. */
  readonly #uses = new Gate();
  readonly #pulls = new Gate();
  readonly #logger: Logger;

  private constructor(folder: string, layout: Layout, records: RecordStore<ImageRecord>, logger: Logger) {
    this.layersFolder = join(folder, 'layers');
    this.#layout = layout;
    this.#records = records;
    this.#logger = logger;
  }

  /** Opens the store in `folder`, making it where it is missing, and removes what a killed pull left. */
  static async open(folder: string, logger: Logger): Promise<ImageStore> {
    const recordsFolder = join(folder, 'records');
    for (const path of [recordsFolder, join(folder, 'layers')]) await mkdir(path, { recursive: true, mode: 0o700 });
    const layout = await Layout.create(join(folder, 'layout'));
    const records = await RecordStore.open<ImageRecord>(recordsFolder, logger);
    const store = new ImageStore(folder, layout, records, logger);
    await collectTemporary([store.layersFolder, store.#blobsFolder]);
    // A record that cannot be read may be of an image that a container runs on: then nothing is collected.
    const files = (await readdir(recordsFolder)).filter((name) => name.endsWith('.json'));
    if (files.length === records.list().length) await store.#collect();
    return store;
  }

  list(): ImageRecord[] {
    return this.#records.list();
  }

  /** By id or its prefix (`sha256:` allowed), by name, or by digest. Undefined where it is not here. */
  find(reference: string): ImageRecord | undefined {
    const id = idOf(reference);
    return (id === undefined ? undefined : this.#records.find(id)) ?? findByName(this.list(), reference);
  }

  isPinned(image: ImageRecord): boolean {
    return isNamedBy(image, this.pinned);
  }

  /** Runs work that makes use of images: none is removed meanwhile. */
  using<T>(work: () => Promise<T>): Promise<T> {
    return this.#uses.shared(work);
  }

  /**
   * Fetches an image, verifies it and unpacks its layers; what is here already, or is being fetched by another pull, is
   * not fetched again. A name that stood for another image moves to this one. See `openPullSource` for references.
   * Throws the ERR_OCI_* of the registry and of encrypted layers, ERR_IMAGE_UNUSABLE, ERR_IMAGE_REFERENCE.
   */
  pull(reference: string, options: PullOptions): Promise<ImageRecord> {
    return this.#pulls.shared(async () => {
      await using source = await openPullSource(reference, options);
      // Each pull asks the registry by itself, since each has credentials of its own; the content is then shared.
      const root = await source.reader.resolve(source.reference, options);
      const { manifest, inherited } = await platformManifest(source.reader, root, options);
      // Awaited here: the source is closed when this function ends.
      return await this.#locks.run(manifest.digest, async () => {
        options.signal?.throwIfAborted();
        // What is stored here is decrypted: a restore reads it by ranges, and layers are unpacked of it.
        const plain = decryptingReader(source.reader, this.decryptionKeys);
        const decrypted = await plain.changed(manifest, options);
        await copyImage(plain, unlisted(this.#layout), decrypted, { signal: options.signal });
        const record = await this.#recordOf(decrypted, inherited, options);
        return this.#locks.run(RECORDS, () => this.#adopt(record, source, root));
      });
    });
  }

  /**
   * Removes an image by any of its references, with all its names, and the content that no other image has. An image
   * that is not here is no error (CRI). `user`: says who uses an image, or nothing. Throws ERR_IMAGE_IN_USE.
   */
  async remove(reference: string, user: (image: ImageRecord) => string | undefined = () => undefined): Promise<void> {
    const removed = await this.#uses.exclusive(() =>
      this.#locks.run(RECORDS, async () => {
        const image = this.find(reference);
        if (!image) return false;
        const usedBy = user(image);
        if (usedBy !== undefined) {
          throw runtimeError('ERR_IMAGE_IN_USE', `image ${nameFor(image, reference)} is in use by ${usedBy}`);
        }
        await this.#records.delete(image.id);
        this.#logger.log('info', 'image removed', { image: image.id, names: image.names });
        return true;
      }),
    );
    if (!removed) return;
    const wait = !this.#pulls.busy;
    const collected = this.#pulls
      .exclusive(() => this.#collect())
      .catch((error) => {
        this.#logger.log('error', 'could not remove image content', { reason: messageOf(error) });
      });
    // A pull may take minutes, and nobody waits for the space so eagerly: it is then given back after it.
    if (wait) await collected;
  }

  async config(image: ImageRecord, options: ReadOptions = {}): Promise<ImageConfig> {
    return this.#config(await this.#manifest(image.manifest), options);
  }

  /**
   * The file that holds a checkpoint image's archive, as the registry gave it (perhaps compressed); that of a chain image
   * is put together at the first call and stays as long as the image does. Throws ERR_IMAGE_UNUSABLE for an ordinary
   * image, ERR_IMAGE_LAYER_UNSUPPORTED where no one layer is the archive, and ERR_CHAIN_*.
   */
  async archivePath(image: ImageRecord, options: ReadOptions = {}): Promise<string> {
    const manifest = await this.#manifest(image.manifest);
    if (!image.checkpoint) {
      throw runtimeError('ERR_IMAGE_UNUSABLE', `${image.names[0] ?? image.id} is not a checkpoint image`);
    }
    if (!isChain(manifest)) return this.#blobPath(archiveLayer(manifest).digest);
    const chained = { ...image, layers: manifest.layers, chain: await readChainConfig(this.#layout, manifest) };
    const archive = archiveOf(chained);
    await this.#locks.run(archive.digest, () =>
      this.#layout.push(archive, archiveStream(this.#layout, chained), { signal: options.signal }),
    );
    return this.#blobPath(archive.digest);
  }

  get #blobsFolder(): string {
    return join(this.#layout.path, 'blobs', 'sha256');
  }

  #blobPath(digest: Digest): string {
    return join(this.#blobsFolder, hexOf(digest));
  }

  async #manifest(descriptor: Descriptor): Promise<Manifest> {
    return parseManifest(await this.#layout.manifest(descriptor), descriptor.mediaType);
  }

  async #config(manifest: Manifest, options: ReadOptions): Promise<ImageConfig> {
    await using source = await this.#layout.open(manifest.config, options);
    return parseImageConfig(await readAll(source, { ...options, limit: limits.manifest }));
  }

  /** Unpacks the layers of an image whose content is here; the result is not stored yet and has no names. */
  async #recordOf(
    descriptor: Descriptor,
    inherited: Readonly<Record<string, string>>,
    options: ReadOptions,
  ): Promise<ImageRecord> {
    const manifest = await this.#manifest(descriptor);
    const annotations = { ...inherited, ...manifest.annotations };
    const checkpoint = decodeAnnotations(annotations) !== undefined;
    const config = checkpoint ? undefined : await this.#config(manifest, options);
    return {
      id: hexOf(manifest.config.digest),
      names: [],
      repoDigests: [],
      manifest: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
      size: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
      layers: config ? await this.#unpack(manifest, config.diffIDs, options) : [],
      checkpoint,
      user: config?.config?.User ?? '',
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ...(config?.created === undefined ? {} : { created: config.created }),
    };
  }

  async #unpack(manifest: Manifest, diffIDs: readonly Digest[], options: ReadOptions): Promise<string[]> {
    if (diffIDs.length !== manifest.layers.length) {
      const found = `${manifest.layers.length} layers and ${diffIDs.length} diff ids`;
      throw runtimeError('ERR_IMAGE_UNUSABLE', `the image has ${found}`);
    }
    const names: string[] = [];
    for (const [index, diffID] of diffIDs.entries()) {
      const layer = manifest.layers[index];
      if (!layer) continue;
      // Half of the digest is unique enough here and keeps the overlay mount's options within one page.
      const name = hexOf(diffID).slice(0, 32);
      const stored = this.#blobPath(layer.digest);
      const folder = join(this.layersFolder, name);
      await this.#locks.run(`layer ${name}`, () => unpackLayer(stored, diffID, folder, options.signal));
      names.push(name);
    }
    return names;
  }

  /** Stores the record, with what it was called before and what the pull calls it; takes those names from others. */
  async #adopt(record: ImageRecord, source: PullSource, root: Descriptor): Promise<ImageRecord> {
    for (const other of this.list()) {
      const names = other.names.filter((name) => !source.names.includes(name));
      if (other.id !== record.id && names.length < other.names.length) await this.#records.put({ ...other, names });
    }
    const old = this.#records.get(record.id);
    const digests = source.repository === undefined ? [] : [`${source.repository}@${root.digest}`];
    // The same manifest may be pulled below an index that marks it and by itself; nothing of it is taken away by that.
    const same = old?.manifest.digest === record.manifest.digest ? old : undefined;
    return this.#records.put({
      ...record,
      checkpoint: record.checkpoint || (same?.checkpoint ?? false),
      layers: record.layers.length > 0 ? record.layers : (same?.layers ?? []),
      ...(same?.annotations ? { annotations: { ...same.annotations, ...record.annotations } } : {}),
      names: [...new Set([...(old?.names ?? []), ...source.names])],
      repoDigests: [...new Set([...(old?.repoDigests ?? []), ...digests])],
    });
  }

  async #collect(): Promise<void> {
    const blobs = new Set<string>();
    const layers = new Set<string>();
    for (const image of this.list()) {
      for (const layer of image.layers) layers.add(layer);
      blobs.add(hexOf(image.manifest.digest));
      const manifest = await this.#manifest(image.manifest).catch(() => undefined);
      // Of an image whose manifest is damaged nobody knows the blobs: keep them all rather than too few.
      if (!manifest) return;
      for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(hexOf(digest));
      if (!isChain(manifest)) continue;
      // Without its config no archive can be put together, nor is one that was of any use.
      const chain = await readChainConfig(this.#layout, manifest).catch(() => undefined);
      if (chain) blobs.add(hexOf(chain.digest));
    }
    const count = await collect(this.#blobsFolder, this.layersFolder, { blobs, layers });
    if (count > 0) this.#logger.log('info', 'image content removed', { count });
  }
}

/** The layout as a target whose index.json stays empty: the node's own records list its images. */
function unlisted(layout: Layout): ContentWriter {
  return {
    has: (descriptor, options) => layout.has(descriptor, options),
    push: (descriptor, content, options) => layout.push(descriptor, content, options),
    putManifest: (bytes, mediaType, options) => layout.putManifest(bytes, mediaType, { ...options, child: true }),
  };
}
