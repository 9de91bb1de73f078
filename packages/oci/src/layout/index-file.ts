/** index.json of a layout: read with suspicion, changed under a lock, with every member that we do not know kept. */
import { join } from 'node:path';
import { type Digest, harmless, isDigest, isObject, type JsonObject, limits } from '@stillframe/core';
import { acquireLock, writeTextAtomically } from '@stillframe/core/file';
import type { ContentOptions } from '../content.ts';
import { type Descriptor, descriptorToJson, KEEP, mediaTypes, parseDescriptor, REF_NAME } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import { readSmallFile } from './folder.ts';

/** The list while its lock is held. */
export interface HeldList {
  readonly entries: readonly Descriptor[];
  /** Digests of the entries of another hash than sha256, which `entries` leaves out. */
  readonly unreadable: readonly string[];
  /** Whether the lock is held still. */
  held(): Promise<boolean>;
}

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
      const kept =
        tag === undefined ? entries : entries.flatMap((entry) => (tagOf(entry) === tag ? untagged(entry) : entry));
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

  /**
   * Takes a tag or a digest away, where it still stands for `digest`; false where it does not. With the last entry of that digest
   * go the untagged ones of `about`. One change: a writer comes before or after it. Blobs stay.
   */
  async drop(
    reference: string,
    { digest, about }: { digest: Digest; about: ReadonlySet<unknown> },
    options: ContentOptions = {},
  ): Promise<boolean> {
    let dropped = false;
    const named = (entry: unknown) =>
      isDigest(reference) ? rawDigestOf(entry) === reference : tagOf(entry) === reference;
    await this.#change((entries) => {
      dropped = rawDigestOf(entries.findLast(named)) === digest;
      if (!dropped) return entries;
      const kept = entries.filter((entry) => !named(entry));
      if (kept.some((entry) => rawDigestOf(entry) === digest)) return kept;
      return kept.filter((entry) => tagOf(entry) !== undefined || !about.has(rawDigestOf(entry)));
    }, options);
    return dropped;
  }

  /** Sets or takes away the pin of all entries of a digest; false where that changes nothing. */
  async keep(digest: Digest, kept: boolean, options: ContentOptions = {}): Promise<boolean> {
    let changed = false;
    await this.#change((entries) => {
      const others = entries.map((entry) => {
        if (rawDigestOf(entry) !== digest || isKept(entry) === kept) return entry;
        changed = true;
        return withPin(entry, kept);
      });
      return changed ? others : entries;
    }, options);
    return changed;
  }

  /**
   * Takes away the entries of `names` (by digest, the tags that may go), unless they are pinned, and the untagged ones of `about`
   * where all images that they are about are gone. One change. Answers which digests of `names` are gone.
   */
  async dropAll(
    names: ReadonlyMap<Digest, ReadonlySet<string | undefined>>,
    about: ReadonlyMap<Digest, ReadonlySet<Digest>>,
    options: ContentOptions = {},
  ): Promise<Digest[]> {
    let gone: Digest[] = [];
    await this.#change((entries) => {
      const goes = (entry: unknown) =>
        names.get(rawDigestOf(entry) as Digest)?.has(tagOf(entry)) === true && !isKept(entry);
      const kept = entries.filter((entry) => !goes(entry));
      const left = new Set(kept.map(rawDigestOf));
      const listed = new Set(entries.map(rawDigestOf));
      gone = [...names.keys()].filter((digest) => listed.has(digest) && !left.has(digest));
      return kept.filter((entry) => {
        const subjects = tagOf(entry) === undefined ? about.get(rawDigestOf(entry) as Digest) : undefined;
        return !subjects || [...subjects].some((digest) => left.has(digest));
      });
    }, options);
    return gone;
  }

  /**
   * Calls `work` while nobody else changes the list, again from the start where another process took the lock for left over:
   * `work` asks `held` before each step that cannot be undone, and returns false where it is not.
   */
  async unchanged(work: (list: HeldList) => Promise<boolean>, options: ContentOptions = {}): Promise<void> {
    const done = this.#queue.then(async () => {
      for (;;) {
        options.signal?.throwIfAborted();
        await using lock = await acquireLock(this.#lock, options);
        const raw = entriesOf(await this.#read());
        const unreadable = raw.filter((entry) => !isReadable(entry)).map((entry) => String(rawDigestOf(entry)));
        if (await work({ entries: await this.entries(), unreadable, held: lock.held })) return;
      }
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

/** Whether an index entry is pinned: no rule of retention removes its image. */
export function isKept(entry: unknown): boolean {
  const annotations = isObject(entry) ? entry['annotations'] : undefined;
  return isObject(annotations) && Object.hasOwn(annotations, KEEP) && annotations[KEEP] === 'true';
}

/** Nothing, or the entry without its tag where it is pinned: the pin is of the image, whatever is called so now. */
function untagged(entry: unknown): unknown[] {
  if (!isKept(entry) || !isObject(entry)) return [];
  const { [REF_NAME]: _tag, ...annotations } = entry['annotations'] as JsonObject;
  return [{ ...entry, annotations }];
}

function withPin(entry: unknown, kept: boolean): unknown {
  if (!isObject(entry)) return entry;
  const { annotations: given, ...rest } = entry;
  const { [KEEP]: _former, ...others } = isObject(given) ? given : {};
  const annotations = kept ? { ...others, [KEEP]: 'true' } : others;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
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

function rawDigestOf(entry: unknown): unknown {
  return isObject(entry) ? entry['digest'] : undefined;
}

function isReadable(entry: unknown): boolean {
  const digest = rawDigestOf(entry);
  return typeof digest !== 'string' || !/^(?!sha256:)[a-z0-9+._-]+:/.test(digest);
}

/** What somebody who has mistyped a tag wants to see; signatures and the like are nobody's choice. */
export function tagsText(tags: readonly (string | undefined)[]): string {
  const names = [...new Set(tags)].filter((tag) => tag !== undefined && !/^sha256-[0-9a-f]{64}\./.test(tag));
  if (names.length === 0) return 'it has no tags';
  const shown = names.slice(0, 8).map((tag) => harmless(String(tag)).slice(0, 130));
  return `it has ${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`;
}
