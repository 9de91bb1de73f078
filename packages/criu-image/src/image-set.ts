/** The images of one dump: which there are, and their entries by kind and id. Knows nothing of where the files lie. */
import { type ByteSource, type Diagnostic, Diagnostics } from '@stillframe/core';
import { decodeFirst, decodeImage, type ImageEntry, type Report } from './decode.ts';
import { criuError } from './errors.ts';
import type { FramedKind } from './kind.ts';
import {
  type EntryOf,
  type FramedName,
  fileNameOf,
  type HeadOf,
  type KindName,
  kindNamed,
  kindOfFile,
  type MemberOf,
  type NamedImage,
} from './kinds.ts';
import type { inventory_entry } from './proto.ts';

/** Where the files of an image set come from: a folder, a tar archive, a blob. Names are plain, without a folder. */
export interface ImageFiles {
  names(): Iterable<string>;
  /** The content of a file; undefined where there is none of this name. */
  open(name: string): ByteSource | undefined;
}

/** Where an image set stands among others. */
export interface ImageSetPlace {
  /** The set of the dump before; an explicit one, since a link in evidence is never followed out of it. */
  parent?: ImageSet | undefined;
  /** Named before the image in diagnostics, where there are several sets. */
  folder?: string | undefined;
}

export interface SignalOptions {
  signal?: AbortSignal | undefined;
}

/** A message of an image of kind `N` with its role: discriminate by `role` to get its type. */
export type EntryRecord<N extends FramedName> =
  | ImageEntry<'entry', EntryOf<N>>
  | (HeadOf<N> extends never ? never : ImageEntry<'head', HeadOf<N>>)
  | (MemberOf<N> extends never ? never : ImageEntry<'member', MemberOf<N>>);

/** Reads one image set. Nothing is read before it is asked for, and nothing is kept. */
export class ImageSet {
  /** Faults met so far; each once, however often an image is read. */
  readonly diagnostics: Diagnostics;
  /** The files that are CRIU images, ordered by kind and id. */
  readonly images: readonly NamedImage[];
  /** The set of the dump before this one, to which its pagemaps refer with PE_PARENT; undefined where none was given. */
  readonly parent: ImageSet | undefined;
  readonly #folder: string;
  readonly #files: ImageFiles;
  readonly #ids = new Map<KindName, number[]>();
  readonly #reported = new Set<string>();

  constructor(files: ImageFiles, diagnostics: Diagnostics, { parent, folder = '' }: ImageSetPlace = {}) {
    this.#files = files;
    this.diagnostics = diagnostics;
    this.parent = parent;
    this.#folder = folder;
    const images = [...new Set(files.names())].map((name) => kindOfFile(name)).filter((image) => image !== undefined);
    this.images = images.sort((a, b) => compare(a.kind.name, b.kind.name) || (a.id ?? 0) - (b.id ?? 0));
    for (const { kind, id } of this.images) {
      if (id === undefined) continue;
      const ids = this.#ids.get(kind.name);
      if (ids === undefined) this.#ids.set(kind.name, [id]);
      else ids.push(id);
    }
  }

  /** The ids of a kind, ascending: for `mm` the pids that have memory. Empty where it has no image or no ids. */
  ids(kind: KindName): readonly number[] {
    return this.#ids.get(kind) ?? [];
  }

  /** The bytes of an image, header and all; undefined where the set has none. A kind without ids takes none. */
  source(kind: KindName, id?: number | bigint): ByteSource | undefined {
    const plain = id === undefined ? undefined : Number(id);
    return plain !== undefined && !Number.isSafeInteger(plain) ? undefined : this.#files.open(fileNameOf(kind, plain));
  }

  /** A function that notes faults of one image. */
  reporter(kind: KindName, id?: number | bigint): Report {
    const source = fileNameOf(kind, id === undefined ? undefined : Number(id));
    return (fault) => this.report({ ...fault, source });
  }

  /** Notes a fault, unless the same is noted already. */
  report(fault: Diagnostic): void {
    const diagnostic = this.#folder === '' ? fault : { ...fault, source: `${this.#folder}/${fault.source}` };
    const key = `${diagnostic.source}\0${diagnostic.id}\0${diagnostic.offset ?? ''}`;
    if (this.#reported.has(key)) return;
    if (this.#reported.size < 10_000) this.#reported.add(key);
    this.diagnostics.add(diagnostic);
  }

  /**
   * All messages of an image with payloads, in order. Empty where the image is absent, which in CRIU means "nothing of
   * this kind". Damage goes to `diagnostics`.
   */
  async *records<N extends FramedName>(
    kind: N,
    id?: number | bigint,
    options: SignalOptions = {},
  ): AsyncGenerator<EntryRecord<N>, void, undefined> {
    const source = this.source(kind, id);
    if (source === undefined) return;
    // The row that is looked up by N decodes to the types that are looked up by N; no type can say so.
    yield* decodeImage(framedKind(kind), source, this.reporter(kind, id), options) as AsyncGenerator<EntryRecord<N>>;
  }

  /** The entries of an image, without heads, members and payloads. Otherwise as records. */
  async *entries<N extends FramedName>(
    kind: N,
    id?: number | bigint,
    options: SignalOptions = {},
  ): AsyncGenerator<EntryOf<N>, void, undefined> {
    for await (const record of this.records(kind, id, options)) {
      if (record.role === 'entry') yield record.message as EntryOf<N>;
    }
  }

  /** The first entry of an image, for kinds that have one only; undefined where it is absent or cannot be decoded. */
  async single<N extends FramedName>(
    kind: N,
    id?: number | bigint,
    options: SignalOptions = {},
  ): Promise<EntryOf<N> | undefined> {
    const row = framedKind(kind);
    if (row.head !== undefined) {
      for await (const entry of this.entries(kind, id, options)) return entry;
      return undefined;
    }
    const source = this.source(kind, id);
    return source && ((await decodeFirst(row, source, this.reporter(kind, id), options)) as EntryOf<N> | undefined);
  }

  /**
   * The inventory, with a diagnostic where it is missing or of a version nobody knows.
   * A set without one is a dump that did not end, or no dump.
   */
  async inventory(options: SignalOptions = {}): Promise<inventory_entry | undefined> {
    const entry = await this.single('inventory', undefined, options);
    const report = this.reporter('inventory');
    if (entry === undefined) {
      report({ id: 'image-inventory-missing', severity: 'error', message: 'there is no inventory that can be read' });
    } else if (entry.imgVersion !== 1 && entry.imgVersion !== 2) {
      const message = `image version ${entry.imgVersion} is unknown`;
      report({ id: 'image-version-unknown', severity: 'error', message });
    }
    return entry;
  }

  /** Decodes every image once, for its diagnostics. Gives how many messages each has, by file name. */
  async check(options: SignalOptions = {}): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    await this.inventory(options);
    for (const { kind, id, name } of this.images) {
      if (kind.form !== 'framed') continue;
      let count = 0;
      for await (const _ of this.records(kind.name as FramedName, id, options)) count += 1;
      counts.set(name, count);
    }
    return counts;
  }
}

/** Opens an image set. Reads names only. */
export function openImageSet(
  files: ImageFiles,
  { diagnostics = new Diagnostics(), ...place }: ImageSetPlace & { diagnostics?: Diagnostics } = {},
): ImageSet {
  return new ImageSet(files, diagnostics, place);
}

/** The row of a kind that has messages. Throws ERR_CRIU_IMAGE_NOT_FRAMED for one that is all content. */
export function framedKind(name: KindName): FramedKind {
  const kind = kindNamed(name);
  if (kind.form === 'framed') return kind;
  throw criuError('ERR_CRIU_IMAGE_NOT_FRAMED', `images of kind ${name} hold no messages`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
