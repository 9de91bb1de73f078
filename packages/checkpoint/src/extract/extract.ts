/** Taking things out into a folder: each file with its hash, and of whatever is not written why. */
import { messageOf, StillframeError } from '@stillframe/core';
import type { SignalOptions } from '@stillframe/criu-image';
import type { Archive } from '../archive/open.ts';
import { type ArchiveEntry, normaliseName } from '../archive/tar-entry.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { type Content, sourceContent } from './content.ts';
import type { Extractable, ExtractableFile, ExtractableTree, ExtractKind, Holder } from './extractable.ts';
import type { ExtractionFolder } from './folder.ts';
import { SafePaths } from './safe-paths.ts';
import { sparseContent } from './sparse-member.ts';
import type { WriteOptions, WrittenContent } from './write-content.ts';

/**
 * `empty`: a queue with nothing in it. `without`: it has no content. `listed`: a link or device of a tree, which is never
 * made. `too-large`: over the limit. `unreadable`: damaged.
 */
export type ExtractState = 'written' | 'empty' | 'without' | 'listed' | 'too-large' | 'unreadable';

/** What became of one file. All text is raw. */
export interface ExtractedFile extends Partial<WrittenContent> {
  readonly kind: ExtractKind;
  readonly id: string;
  readonly part: string | undefined;
  readonly state: ExtractState;
  /** Why it was not written. */
  readonly reason?: string | undefined;
  /** Where it is, below the folder. */
  readonly file?: string | undefined;
  readonly name: string | undefined;
  readonly source: { readonly image: string; readonly offset?: number | undefined };
  readonly holders: readonly Holder[];
  /** Bytes that the evidence claims, where it was not written. */
  readonly claimed?: bigint | undefined;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Options of extractInto. */
export interface ExtractOptions extends WriteOptions {
  /** Bytes of all files together, holes included: what somebody else needs who copies them. */
  limit: bigint;
  /** Paths below the folder that are taken already. */
  taken?: readonly string[] | undefined;
}

/** Member of a tree with this prefix deletes the file whose name follows it (OCI image-spec, layer.md). */
const WHITEOUT = '.wh.';

/**
 * Writes things one by one into a folder and tells each. Damage goes to the diagnostics of the checkpoint. Throws what the
 * folder throws, and an abort.
 */
export async function* extractInto(
  folder: ExtractionFolder,
  things: Iterable<Extractable> | AsyncIterable<Extractable>,
  checkpoint: Pick<Checkpoint, 'images'>,
  options: ExtractOptions,
): AsyncGenerator<ExtractedFile, void, undefined> {
  const run = new Run(folder, checkpoint, options);
  for await (const thing of things) {
    options.signal?.throwIfAborted();
    if (thing.form === 'file') yield await run.file(thing);
    else yield* run.tree(thing);
  }
}

class Run {
  readonly #folder: ExtractionFolder;
  readonly #checkpoint: Pick<Checkpoint, 'images'>;
  readonly #options: ExtractOptions;
  readonly #paths = new SafePaths();
  #left: bigint;

  constructor(folder: ExtractionFolder, checkpoint: Pick<Checkpoint, 'images'>, options: ExtractOptions) {
    this.#folder = folder;
    this.#checkpoint = checkpoint;
    this.#options = options;
    this.#left = options.limit;
    for (const path of options.taken ?? []) this.#paths.claim(path);
  }

  async file(thing: ExtractableFile): Promise<ExtractedFile> {
    const { content, file, isQueue } = thing;
    const told = tellOf(thing);
    if (content === undefined) return { ...told, state: 'without', reason: thing.without };
    if (content.size === 0n && isQueue) return { ...told, state: 'empty', bytes: 0 };
    return { ...told, ...(await this.#write(file, content)) };
  }

  async *tree(thing: ExtractableTree): AsyncGenerator<ExtractedFile, void, undefined> {
    let tree: Archive | undefined;
    try {
      tree = await thing.open(this.#options);
    } catch (error) {
      if (!StillframeError.is(error)) throw error;
      const message = messageOf(error);
      this.#report(thing.source.image, 'extract-tree-unreadable', message);
      yield { ...tellOf(thing), state: 'unreadable', reason: message };
      return;
    }
    if (tree === undefined) return;
    await using open = tree;
    // Of members that are not read, what follows tells each by itself.
    for (const fault of open.diagnostics)
      if (fault.id !== 'tar-entry-unsupported') this.#checkpoint.images.report(fault);
    for (const entry of open.entries.values()) {
      this.#options.signal?.throwIfAborted();
      if (entry.kind === 'folder' || !isWanted(entry.name, thing.only)) continue;
      yield await this.#member(thing, open, entry);
    }
  }

  async #member(thing: ExtractableTree, tree: Archive, entry: ArchiveEntry): Promise<ExtractedFile> {
    const facts = { mode: `0${entry.mode.toString(8)}`, modified: String(entry.mtime) };
    const id = thing.byPath ? entry.name : thing.id;
    const linkTarget = entry.linkName === undefined ? {} : { linkTarget: entry.linkName };
    const source = { image: thing.source.image, offset: entry.headerOffset };
    const told = { ...tellOf(thing), id, name: entry.name, source, facts: { ...facts, ...linkTarget } };
    const base = entry.name.slice(entry.name.lastIndexOf('/') + 1);
    if (base.startsWith(WHITEOUT)) return { ...told, state: 'listed', reason: 'deleted by the container' };
    const content = await contentOf(tree, entry, this.#options);
    if (content === undefined) return { ...told, state: 'listed', reason: `a ${entry.kind} is not made` };
    const written = await this.#write(`${thing.file}/${entry.name}`, content);
    return entry.truncated ? { ...told, ...written, reason: 'the archive ends inside it' } : { ...told, ...written };
  }

  async #write(path: string, content: Content): Promise<Pick<ExtractedFile, 'state'> & Partial<ExtractedFile>> {
    if (content.size > this.#left) {
      const reason = `it claims ${content.size} bytes, ${this.#left} are left of the limit`;
      return { state: 'too-large', reason, claimed: content.size };
    }
    this.#left -= content.size;
    const file = this.#paths.claim(path);
    return { state: 'written', file, ...(await this.#folder.write(file, content, this.#options)) };
  }

  #report(source: string, id: string, message: string): void {
    this.#checkpoint.images.report({ id, severity: 'error', source, message });
  }
}

function tellOf({ kind, id, part, name, source, holders, facts }: Extractable) {
  return { kind, id, part, name, source, holders, facts };
}

function isWanted(name: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((path) => path === '' || name === path || name.startsWith(`${path}/`));
}

/** Of a hard link the content of the file in the same tree that it names; undefined for what is no file. */
export async function contentOf(
  tree: Archive,
  entry: ArchiveEntry,
  options: SignalOptions,
): Promise<Content | undefined> {
  if (entry.kind === 'file') return sourceContent(tree.open(entry.name));
  if (entry.kind === 'sparse') return tree.tar && sparseContent(tree.tar, entry, options);
  if (entry.kind !== 'link') return undefined;
  const target = normaliseName((entry.linkName ?? '').replace(/^\/+/, ''));
  const file = target === undefined ? undefined : tree.entries.get(target);
  return file?.kind === 'file' ? sourceContent(tree.open(file.name)) : undefined;
}
