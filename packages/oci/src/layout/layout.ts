/** An OCI image layout in a folder (image-spec: image-layout.md) as a store of content. */
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Digest, digestOf, harmless, isCode, isDigest, limits, streamOf } from '@stillframe/core';
import {
  openFileSource,
  publish,
  syncFolder,
  temporaryBeside,
  writeAtomically,
  writeTextAtomically,
} from '@stillframe/core/file';
import { referrerOf } from '../artifact.ts';
import type {
  BlobContent,
  BlobSource,
  ContentOptions,
  ContentStore,
  PutManifestOptions,
  ReferrersOptions,
  Removed,
} from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { isTag } from '../reference.ts';
import { demandStanding } from '../standing.ts';
import { chunksOf, replayable, verified, verifyBytes, verifySize } from '../verify.ts';
import { BLOBS, blobPath, checkBlobsFolder, readSmallFile, sizeOfFile } from './folder.ts';
import { checkFile, type LinkBlobOptions, linkOrCopy } from './given-file.ts';
import { IndexFile, isKept, tagOf, tagsText } from './index-file.ts';
import { freeLargest, onFullDisk } from './room.ts';
import { saidOnlyAbout } from './sayings.ts';
import { demandContent, reachable, sweep } from './sweep.ts';

/** The only version of the image layout there is. */
const VERSION = '1.0.0';

/** A store in a folder. Holds no open files between calls, so it needs no disposal. */
export class Layout implements ContentStore {
  /** The folder, absolute. */
  readonly path: string;
  readonly seekable = true;
  readonly #index: IndexFile;

  private constructor(path: string) {
    this.path = path;
    this.#index = new IndexFile(path);
  }

  /**
   * Opens an existing layout. Throws ERR_OCI_LAYOUT_INVALID where the folder is none, is of another version, or its
   * blobs folder is a link out of it.
   */
  static async open(path: string): Promise<Layout> {
    const root = resolve(path);
    const marker = await readSmallFile(join(root, 'oci-layout'), 64 << 10);
    if (!marker)
      throw ociError('ERR_OCI_LAYOUT_INVALID', `${root} is not an OCI image layout`, { details: { path: root } });
    const version = decodeObject(marker, 'oci-layout')['imageLayoutVersion'];
    if (version !== VERSION)
      throw ociError('ERR_OCI_LAYOUT_INVALID', `${root} is not an image layout of version ${VERSION}`);
    await checkBlobsFolder(root);
    return new Layout(root);
  }

  /** Opens the layout in `path`, making it where it is missing. Idempotent, also when several do it at once. */
  static async create(path: string): Promise<Layout> {
    const root = resolve(path);
    await mkdir(join(root, BLOBS), { recursive: true, mode: 0o700 });
    await writeNew(join(root, 'index.json'), IndexFile.empty);
    await writeNew(join(root, 'oci-layout'), JSON.stringify({ imageLayoutVersion: VERSION }));
    return Layout.open(root);
  }

  /** The images listed in index.json, tagged (see tagOf) or not. */
  entries(): Promise<readonly Descriptor[]> {
    return this.#index.entries();
  }

  /** Takes a tag away; true where it was there. What it stood for stays. */
  untag(tag: string, options: ContentOptions = {}): Promise<boolean> {
    return this.#index.untag(tag, options);
  }

  /**
   * Removes the image of a tag or digest from the list with what is said about it and what only it holds, and the blobs that no
   * other image of the layout has. Throws ERR_OCI_MANIFEST_UNKNOWN, also for what is there only as a part of an index, and
   * ERR_OCI_IMAGE_PINNED.
   */
  async remove(reference: string, options: ContentOptions = {}): Promise<Removed> {
    for (;;) {
      const descriptor = await this.resolve(reference, options);
      const { digest } = descriptor;
      const entries = await this.#index.entries();
      const going = entries.filter(
        (entry) => entry.digest === digest && (isDigest(reference) || tagOf(entry) === reference),
      );
      if (going.some(isKept))
        throw ociError('ERR_OCI_IMAGE_PINNED', `${harmless(reference)} of ${this.path} is pinned`);
      const about = await saidOnlyAbout(this, entries, going, options);
      const sayers = [...about.values()].map(({ entry }) => entry);
      const { digests: candidates } = await reachable(this, [descriptor, ...sayers], options);
      const gone = { digest, about: new Set(about.keys()) };
      const goers = new Set([digest, ...about.keys()]);
      const dropped = await onFullDisk(
        () => this.#index.drop(reference, gone, options),
        () => freeLargest(this, this.#index, { goers, candidates }, options),
      );
      if (dropped) return this.#swept(candidates, options);
      if (isDigest(reference)) throw unlisted(this.path, reference);
      // The tag was moved meanwhile: what it stands for now is looked at.
    }
  }

  async #swept(candidates: ReadonlySet<Digest>, options: ContentOptions): Promise<Removed> {
    const swept = { blobs: 0, bytes: 0 };
    let unreadable: readonly string[] = [];
    await this.#index.unchanged(async (list) => {
      const needed = await reachable(this, list.entries, options);
      unreadable = [...list.unreadable, ...needed.unreadable];
      return unreadable.length > 0 || sweep(this.path, candidates, { needed: needed.digests, held: list.held, swept });
    }, options);
    return unreadable.length > 0 ? { ...swept, unreadable } : swept;
  }

  /** A listed manifest that cannot be read says nothing about another. */
  async referrers(digest: Digest, { artifactType, signal }: ReferrersOptions = {}): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    for (const entry of await this.#index.entries()) {
      const document = await this.manifest(entry, { signal })
        .then((bytes) => parseManifestOrIndex(bytes, entry.mediaType))
        .catch(() => undefined);
      signal?.throwIfAborted();
      if (document?.subject?.digest !== digest) continue;
      const referrer = referrerOf(entry, document);
      const wanted = artifactType === undefined || referrer.artifactType === artifactType;
      if (wanted && !found.some((other) => other.digest === referrer.digest)) found.push(referrer);
    }
    return found;
  }

  async has(descriptor: Descriptor, options: ContentOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    return (await sizeOfFile(blobPath(this.path, descriptor.digest))) === descriptor.size;
  }

  stream(descriptor: Descriptor, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    const read = async function* (open: () => Promise<BlobSource>) {
      await using source = await open();
      yield* streamOf(source, options);
    };
    return verified(
      replayable(() => read(() => this.open(descriptor, options))),
      descriptor,
    );
  }

  async open(descriptor: Descriptor, options: ContentOptions = {}): Promise<BlobSource> {
    options.signal?.throwIfAborted();
    const path = blobPath(this.path, descriptor.digest);
    const size = await sizeOfFile(path);
    if (size === undefined) throw ociError('ERR_OCI_BLOB_UNKNOWN', `${this.path} has no blob ${descriptor.digest}`);
    verifySize(size, descriptor);
    return openFileSource(path);
  }

  async push(descriptor: Descriptor, content: BlobContent, options: ContentOptions = {}): Promise<void> {
    if (await this.has(descriptor, options)) return;
    await writeAtomically(blobPath(this.path, descriptor.digest), async (file) => {
      for await (const chunk of verified(chunksOf(content, options), descriptor)) {
        options.signal?.throwIfAborted();
        // writeFile on a handle goes on at the handle's position and writes all of the chunk.
        await file.writeFile(chunk);
      }
    });
  }

  /**
   * Takes the finished file `path` as a blob without copying it where a hard link can be made, else by reflink or copy.
   * The file must not be changed afterwards: it may be the blob itself. Idempotent and atomic as push is.
   * Throws ERR_OCI_CONTENT_SHORT, _LONG, _WRONG (the last only unless `digestKnown`), ERR_OCI_LAYOUT_INVALID where
   * `path` is no regular file.
   */
  async linkBlob(
    path: string,
    descriptor: Descriptor,
    options: LinkBlobOptions = {},
  ): Promise<'linked' | 'copied' | 'present'> {
    if (await this.has(descriptor, options)) return 'present';
    await checkFile(path, descriptor, options);
    const target = blobPath(this.path, descriptor.digest);
    const temporary = temporaryBeside(target);
    try {
      const way = await linkOrCopy(path, temporary);
      await publish(temporary, target);
      return way;
    } finally {
      // rename(2) does nothing when both names are links to one file already: the temporary one is then left.
      await rm(temporary, { force: true });
    }
  }

  async resolve(reference: string, options: ContentOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const entries = await this.#index.entries();
    if (!isDigest(reference)) {
      // Of several entries with one tag, as foreign tools may leave them, the last is the newest.
      const tagged = entries.findLast((entry) => tagOf(entry) === reference);
      if (tagged) return tagged;
      const fault = `${this.path} has no tag ${JSON.stringify(reference.slice(0, 130))}`;
      throw ociError('ERR_OCI_MANIFEST_UNKNOWN', fault, { hint: tagsText(entries.map(tagOf)) });
    }
    const listed = entries.find((entry) => entry.digest === reference);
    if (listed) return listed;
    const bytes = await readSmallFile(blobPath(this.path, reference), limits.manifest);
    if (!bytes) throw ociError('ERR_OCI_MANIFEST_UNKNOWN', `${this.path} has no manifest ${reference}`);
    return { mediaType: parseManifestOrIndex(bytes).mediaType, digest: reference, size: bytes.length };
  }

  async manifest(descriptor: Descriptor, options: ContentOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const bytes = await readSmallFile(blobPath(this.path, descriptor.digest), limits.manifest);
    if (!bytes) throw ociError('ERR_OCI_MANIFEST_UNKNOWN', `${this.path} has no manifest ${descriptor.digest}`);
    verifyBytes(bytes, descriptor);
    return bytes;
  }

  async putManifest(bytes: Uint8Array, mediaType: string, options: PutManifestOptions = {}): Promise<Descriptor> {
    const { tag, child = false } = options;
    if (tag !== undefined && !isTag(tag)) throw ociError('ERR_OCI_REFERENCE_INVALID', 'the tag is not a valid one');
    const { artifactType } = parseManifestOrIndex(bytes, mediaType);
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    // So that a reader of the list sees what is no image without opening it.
    const listed = artifactType === undefined ? descriptor : { ...descriptor, artifactType };
    await this.push(
      descriptor,
      replayable(() => one(bytes)),
      options,
    );
    const check = async () => {
      await demandContent(this, descriptor);
      await demandStanding(this, options);
    };
    if (tag !== undefined || !child) await this.#index.put(listed, tag, { ...options, check });
    return descriptor;
  }
}

function unlisted(path: string, digest: Digest) {
  const hint = 'a part of an index goes with the index; a blob goes with the image that has it';
  return ociError('ERR_OCI_MANIFEST_UNKNOWN', `${path} does not list ${digest} by itself`, { hint });
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeTextAtomically(path, text, { replace: false });
  } catch (error) {
    if (!isCode(error, 'ERR_FILE_EXISTS')) throw error;
    await syncFolder(resolve(path, '..'));
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
