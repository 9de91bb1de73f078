/**
 * What stands in files that rules look into: changed ones of the root filesystem at places of interest, those of tmpfs mounts,
 * deleted files that are held open, files in memory. Bounded; what is cut says so.
 */
import {
  type Extractable,
  type ExtractableFile,
  type ExtractableTree,
  extractors,
  type Holder,
  Holders,
} from '@stillframe/checkpoint';
import type { ByteSource } from '@stillframe/core';
import type { Analyser, AnalysisContext } from './analyser.ts';
import { type ContentKind, contentKind, HEAD } from './content-kind.ts';
import { isHidden, isScratch, isSystem, type TextTopic, topicOf } from './text-places.ts';

/** One file. Text is raw and untrusted. */
export interface TextRow {
  /** In the container; the name of a memfd. */
  readonly path: string;
  /** `tmpfs`: of a mount whose content the dump holds; `ghost`: deleted and held open. */
  readonly place: 'rootfs' | 'tmpfs' | 'ghost' | 'memfd';
  /** Why its content was read; undefined where the first bytes alone were, to tell what it is. */
  readonly topic: TextTopic | undefined;
  readonly kind: ContentKind;
  /** Permission bits; undefined where they are not recorded. */
  readonly mode: number | undefined;
  /** Bytes of the whole; -1 where it claims more than 2^53. */
  readonly size: number;
  /** UTF-8 with replacements; of a binary file what can be read of its first bytes. */
  readonly text: string;
  readonly cut: boolean;
  /** What the image has at this path; undefined where it has nothing there, or is not given. */
  readonly before: string | undefined;
  /** The image of CRIU that holds it; undefined in the root filesystem. */
  readonly image: string | undefined;
  /** Who has it open. */
  readonly holders: readonly { readonly pid: number; readonly fd: number | 'exe' | 'cwd' | 'root' }[];
}

/** Bytes of one file, and of all together. */
const LONGEST = 64 << 10;
const TOGETHER = 16 << 20;
/** Files that are looked into. */
const MOST = 20_000;
const HOLDERS = 16;
const EXECUTABLE = 0o111;
const SPECIAL = 0o6000;

export const texts: Analyser<readonly TextRow[]> = {
  title: 'content of files',
  async read(context) {
    const reader = new Reader(context);
    await readRootfs(reader, context);
    for await (const thing of thingsOf(context)) {
      if (reader.isFull) break;
      if (thing.form === 'tree') await readTree(reader, thing, context);
      else await readFile(reader, thing, context);
    }
    reader.tell();
    return reader.rows;
  },
};

/** Takes rows until the bounds are met. */
class Reader {
  readonly rows: TextRow[] = [];
  readonly #context: AnalysisContext;
  #left = TOGETHER;

  constructor(context: AnalysisContext) {
    this.#context = context;
  }

  get isFull(): boolean {
    return this.rows.length >= MOST || this.#left <= 0;
  }

  tell(): void {
    if (!this.isFull) return;
    const message = `of more than ${MOST} files, or of more than ${TOGETHER} bytes, the content is not looked at`;
    this.#context.report([{ id: 'texts-limited', severity: 'warning', source: 'texts', message }]);
  }

  /** The first bytes of a source, so many as a topic deserves. */
  async take(source: ByteSource, topic: TextTopic | undefined): Promise<Uint8Array> {
    const length = Math.min(source.size, topic === undefined ? HEAD : LONGEST, Math.max(0, this.#left));
    const bytes = new Uint8Array(length);
    const read = await source.readInto(0, bytes, { signal: this.#context.signal });
    this.#left -= read;
    return bytes.subarray(0, read);
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }

  add(row: Pick<TextRow, 'path' | 'place' | 'topic' | 'size'> & Partial<TextRow>, bytes: Uint8Array): void {
    const kind = bytes.length === 0 && row.size !== 0 ? 'unknown' : contentKind(bytes);
    const text = kind === 'elf' || kind === 'archive' ? '' : new TextDecoder().decode(bytes);
    const unknown = { mode: undefined, before: undefined, image: undefined, holders: [] };
    this.rows.push({ ...unknown, ...row, kind, text, cut: row.size < 0 || bytes.length < row.size });
  }
}

async function readRootfs(reader: Reader, { diff, image, signal }: AnalysisContext): Promise<void> {
  for (const { name, kind, mode, size, linkName } of diff?.entries.values() ?? []) {
    signal?.throwIfAborted();
    if (reader.isFull) return;
    const path = `/${name}`;
    // Of two names of one file the second is a link to the first.
    const held = kind === 'link' ? diff?.entries.get((linkName ?? '').replace(/^(?:\.?\/)+/, '')) : undefined;
    if ((kind !== 'file' && held?.kind !== 'file') || !deserves(path, mode)) continue;
    const topic = topicOf(path);
    const source = diff?.open(held?.name ?? name);
    if (source === undefined) continue;
    const bytes = await reader.take(source, topic);
    const before = topic === undefined ? undefined : await beforeOf(reader, name, topic, image);
    reader.add({ path, place: 'rootfs', topic, mode: mode & 0o7777, size: held?.size ?? size, before }, bytes);
  }
}

/** Whether the content of a file is asked for at all: an ordinary data file is not. */
function deserves(path: string, mode: number): boolean {
  return (
    topicOf(path) !== undefined ||
    isScratch(path) ||
    isSystem(path) ||
    isHidden(path) ||
    (mode & (EXECUTABLE | SPECIAL)) !== 0
  );
}

/** What the image has at a path. */
async function beforeOf(
  reader: Reader,
  name: string,
  topic: TextTopic,
  image: AnalysisContext['image'],
): Promise<string | undefined> {
  for (const layer of image ?? []) {
    const found = await layer.find(name);
    if (found.kind === 'hidden') return undefined;
    if (found.kind === 'file') return new TextDecoder().decode(await reader.take(found.source, topic));
  }
  return undefined;
}

/** Files outside of the root filesystem that the dump itself holds. */
async function* thingsOf({ checkpoint, processes, open, signal }: AnalysisContext): AsyncGenerator<Extractable> {
  const holders = new Holders(open);
  const context = { checkpoint, processes, fileTable: open.files, holders, signal };
  for (const { kind, list } of extractors) {
    if (kind === 'ghost' || kind === 'memfd' || kind === 'tmpfs') yield* list(context);
  }
}

async function readFile(reader: Reader, thing: ExtractableFile, { signal }: AnalysisContext): Promise<void> {
  const { content, facts, source, kind, name } = thing;
  const place = kind === 'memfd' ? 'memfd' : 'ghost';
  const bytes = new Uint8Array(HEAD);
  let end = 0;
  const sound = content !== undefined && content.size >= 0n && content.size <= BigInt(Number.MAX_SAFE_INTEGER);
  for await (const piece of sound ? content.pieces({ signal }) : []) {
    end = Math.min(HEAD, piece.offset);
    if (end === HEAD || piece.state === 'absent') break;
    bytes.set(piece.bytes.subarray(0, HEAD - end), end);
    end = Math.min(HEAD, end + piece.bytes.length);
    if (end === HEAD) break;
  }
  reader.spend(end);
  const mode = typeof facts['mode'] === 'string' ? Number.parseInt(facts['mode'], 8) & 0o7777 : undefined;
  const holders = thing.holders.flatMap(placeOf).slice(0, HOLDERS);
  const size = sound ? Number(content.size) : -1;
  reader.add(
    { path: name ?? '', place, topic: undefined, mode, size, image: source.image, holders },
    bytes.subarray(0, end),
  );
}

function placeOf(holder: Holder): TextRow['holders'] {
  if ('fd' in holder) return [{ pid: holder.pid, fd: holder.fd }];
  return 'as' in holder ? [{ pid: holder.pid, fd: holder.as }] : [];
}

async function readTree(reader: Reader, thing: ExtractableTree, { signal }: AnalysisContext): Promise<void> {
  await using tree = await thing.open({ signal });
  const above = (thing.name ?? `/${thing.file}`).replace(/\/+$/, '');
  for (const { name, kind, mode, size } of tree?.entries.values() ?? []) {
    signal?.throwIfAborted();
    if (reader.isFull) return;
    const path = `${above}/${name}`;
    if (kind !== 'file' || tree === undefined) continue;
    const topic = topicOf(path);
    const bytes = await reader.take(tree.open(name), topic);
    reader.add({ path, place: 'tmpfs', topic, mode: mode & 0o7777, size, image: thing.source.image }, bytes);
  }
}
