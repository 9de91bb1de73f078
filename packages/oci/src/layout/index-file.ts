/** index.json of a layout: read with suspicion, changed under a lock, with every member that we do not know kept. */
import { join } from 'node:path';
import { type Digest, limits } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import type { ContentOptions } from '../content.ts';
import { type Descriptor, descriptorToJson, mediaTypes, parseDescriptor, REF_NAME } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { decodeObject, isObject, type JsonObject } from '../json.ts';
import { readSmallFile } from './folder.ts';
import { acquireLock } from './lock.ts';

type Edit = (entries: readonly unknown[]) => readonly unknown[];

/** Options of put. */
export interface PutOptions extends ContentOptions {
  /** Asked while nobody else can change the list or sweep blobs; what it throws keeps the list as it is. */
  check?: () => Promise<void>;
}

/** index.json of the layout in one folder. */
export class IndexFile {
  readonly #path: string;
  readonly #lock: string;
  /** Changes of this process queue here, so that the lock file is only contended between processes. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#path = join(root, 'index.json');
    this.#lock = join(root, '.stillframe-index.lock');
  }

  /** Text of an index without images. */
  static readonly empty = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] });

  /**
   * All entries that can be read; those of another hash than sha256 are left out.
   * Throws ERR_OCI_LAYOUT_INVALID, ERR_OCI_DOCUMENT_INVALID, ERR_OCI_DOCUMENT_TOO_LARGE.
   */
  async entries(): Promise<readonly Descriptor[]> {
    const raw = entriesOf(await this.#read());
    return raw.filter(isReadable).map((entry, index) => parseDescriptor(entry, `index.manifests[${index}]`));
  }

  /** Lists `descriptor`, under `tag` where one is given: the tag leaves the entry that had it. Atomic and idempotent. */
  async put(descriptor: Descriptor, tag: string | undefined, options: PutOptions = {}): Promise<void> {
    const { check, ...rest } = options;
    const edit = (entries: readonly unknown[]) => {
      const kept = tag === undefined ? entries : entries.filter((entry) => tagOf(entry) !== tag);
      const listed = kept.some(
        (entry) => isObject(entry) && entry['digest'] === descriptor.digest && tag === undefined,
      );
      return listed ? kept : [...kept, descriptorToJson(withTag(descriptor, tag))];
    };
    await this.#change(edit, rest, check);
  }

  /** Takes the tag away; true where there was one. Blobs stay. */
  async untag(tag: string, options: ContentOptions = {}): Promise<boolean> {
    let found = false;
    await this.#change((entries) => {
      const kept = entries.filter((entry) => tagOf(entry) !== tag);
      found = kept.length < entries.length;
      return kept;
    }, options);
    return found;
  }

  /** Takes all entries of that digest away, tagged or not; true where there was one. Blobs stay. */
  async unlist(digest: Digest, options: ContentOptions = {}): Promise<boolean> {
    let found = false;
    await this.#change((entries) => {
      const kept = entries.filter((entry) => !isObject(entry) || entry['digest'] !== digest);
      found = kept.length < entries.length;
      return kept;
    }, options);
    return found;
  }

  /** Calls `work` while nobody can change the list. It must be short: a lock of 30 seconds is taken for left over. */
  async unchanged(
    work: (entries: readonly Descriptor[]) => Promise<void>,
    options: ContentOptions = {},
  ): Promise<void> {
    const done = this.#queue.then(async () => {
      await using _lock = await acquireLock(this.#lock, options);
      await work(await this.entries());
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #change(edit: Edit, options: ContentOptions, check?: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(() => this.#changeLocked(edit, options, check));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #changeLocked(edit: Edit, options: ContentOptions, check?: () => Promise<void>): Promise<void> {
    for (;;) {
      options.signal?.throwIfAborted();
      await using lock = await acquireLock(this.#lock, options);
      await check?.();
      const document = await this.#read();
      const text = JSON.stringify({ ...document, manifests: edit(entriesOf(document)) });
      if (text.length > limits.manifest) {
        throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${this.#path} would have more than ${limits.manifest} bytes`);
      }
      // Another process may have taken our lock for left over while this one was stopped: read and edit again then.
      if (!(await lock.held())) continue;
      await writeTextAtomically(this.#path, text);
      return;
    }
  }

  async #read(): Promise<JsonObject> {
    const bytes = await readSmallFile(this.#path, limits.manifest);
    if (!bytes) throw ociError('ERR_OCI_LAYOUT_INVALID', `${this.#path} is missing`, { details: { path: this.#path } });
    return decodeObject(bytes, this.#path);
  }
}

/** The tag of an index entry, or undefined. */
export function tagOf(entry: unknown): string | undefined {
  const annotations = isObject(entry) ? entry['annotations'] : undefined;
  const tag = isObject(annotations) && Object.hasOwn(annotations, REF_NAME) ? annotations[REF_NAME] : undefined;
  return typeof tag === 'string' ? tag : undefined;
}

function withTag(descriptor: Descriptor, tag: string | undefined): Descriptor {
  const { annotations: given, ...rest } = descriptor;
  const { [REF_NAME]: _former, ...others } = given ?? {};
  const annotations = tag === undefined ? others : { ...others, [REF_NAME]: tag };
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function entriesOf(document: JsonObject): readonly unknown[] {
  const entries = document['manifests'];
  if (!Array.isArray(entries)) throw ociError('ERR_OCI_DOCUMENT_INVALID', 'index.json has no list of manifests');
  return entries;
}

function isReadable(entry: unknown): boolean {
  const digest = isObject(entry) ? entry['digest'] : undefined;
  return typeof digest !== 'string' || !/^(?!sha256:)[a-z0-9+._-]+:/.test(digest);
}
