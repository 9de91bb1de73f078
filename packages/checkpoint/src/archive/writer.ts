/**
 * Writing a checkpoint archive. What it will be is planned first: its bytes can be hashed where they lie, while the system
 * still has them in memory. The largest file, CRIU's pages, is not copied then: a block with everything that comes before it
 * is inserted at its front, the rest is appended, and that file is the archive.
 */

import { type FileHandle, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { type ByteSource, joinedSource, sliceSource, streamOf } from '@stillframe/core';
import { writeAll } from '@stillframe/core/file';
import { reopenedSource } from './folder.ts';
import { BLOCK } from './tar-header.ts';
import { encodeFiller, encodeHeader, endOfArchive, paddingOf } from './writer-header.ts';

export interface WriterEntry {
  /** Name inside the archive; a folder's ends with `/`. */
  name: string;
  /** Permission bits. */
  mode: number;
  /** Bytes held in memory (metadata), the path of a file, bytes of another archive, or none for a folder. */
  body: Uint8Array | { path: string } | ByteSource | undefined;
}

export interface PlanOptions {
  /** Seconds since 1970, for every entry. */
  mtime: number;
  /** Whether the largest file may become the archive; it then stands behind what is small, whatever the order says. */
  adopts?: boolean | undefined;
  /** Bytes of a block of the filesystem, which inserts whole ones only; as it says itself by default. */
  blockSize?: number | undefined;
}

/** An archive that is to be written. Its bytes are fixed, whichever way they then get to the disk. */
export interface PlannedArchive {
  /** All of its bytes, where they lie now. */
  readonly source: ByteSource;
  /** Where the bodies of its files will be, in their order. */
  readonly ranges: readonly { name: string; offset: number; size: number }[];
  /** The file that may become the archive: `front`, whole blocks, is to be inserted before its `size` bytes. */
  readonly adoptable: { readonly path: string; readonly front: Uint8Array; readonly size: number } | undefined;
}

export interface WriterOptions {
  /**
   * Inserts `length` zero bytes (a multiple of the filesystem's blocks) at the front of a file without moving its bytes, as
   * fallocate(2) FALLOC_FL_INSERT_RANGE does; false where the filesystem cannot, and nothing was changed.
   */
  insertFront?: ((path: string, length: number) => Promise<boolean>) | undefined;
  signal?: AbortSignal | undefined;
}

export interface WrittenArchive {
  /** Bytes. */
  size: number;
  /** Whether the largest file became the archive without a copy. */
  adopted: boolean;
}

/** Below this many bytes a copy costs less than the extra system calls. */
const WORTH_ADOPTING = 1 << 20;
/** Bytes that are assembled in memory before the adopted file at most. */
const FRONT_LIMIT = 64 << 20;
/** Bounds of the blocks that Linux's filesystems have; who names others does not insert. */
const BLOCKS = { least: 4096, most: 65536 };

/**
 * Plans a tar of `entries` in their order. The bodies must stay as they are until it is written. Throws the system's errors for
 * one that cannot be read.
 */
export async function planArchive(entries: readonly WriterEntry[], options: PlanOptions): Promise<PlannedArchive> {
  const sized = await Promise.all(entries.map(async (entry) => ({ ...entry, size: await sizeOf(entry) })));
  const ranges: { name: string; offset: number; size: number }[] = [];
  const parts: (Uint8Array | ByteSource)[] = [];
  let offset = 0;
  const add = (part: Uint8Array | ByteSource, length: number) => {
    if (length > 0) parts.push(part);
    offset += length;
  };
  const addBody = ({ name, body, size }: SizedEntry) => {
    if (!name.endsWith('/')) ranges.push({ name, offset, size });
    if (body) add('path' in body ? reopenedSource(body.path, size) : body, size);
    add(new Uint8Array(paddingOf(size)), paddingOf(size));
  };
  const order = options.adopts ? adoptingOrder(sized) : { before: [], adopted: undefined, rest: sized };
  const addEntry = (entry: SizedEntry) => {
    const bytes = header(entry, options.mtime);
    add(bytes, bytes.length);
    addBody(entry);
  };
  order.before.forEach(addEntry);
  let adoptable: PlannedArchive['adoptable'];
  if (order.adopted) {
    const { path, entry } = order.adopted;
    const last = header(entry, options.mtime);
    const filler = fillerBefore(offset + last.length, options.blockSize ?? (await blockSizeAt(path)));
    add(filler, filler.length);
    add(last, last.length);
    // One piece, which threads share: it is read by them, and written at the end.
    const front = new Uint8Array(new SharedArrayBuffer(offset));
    await joinedSource(parts.splice(0)).readInto(0, front);
    parts.push(front);
    adoptable = { path, front, size: entry.size };
    addBody(entry);
  }
  order.rest.forEach(addEntry);
  add(endOfArchive, endOfArchive.length);
  return { source: joinedSource(parts), ranges, adoptable };
}

/**
 * Writes what was planned to `target`, which must not exist and lies on the filesystem of the bodies. A body that is adopted is
 * consumed: its path is gone afterwards. Not synced: the caller syncs and publishes. On failure `target` is removed, but for one
 * that was there already: that is refused (EEXIST) and left as it is.
 */
export async function writePlanned(
  target: string,
  { source, adoptable }: PlannedArchive,
  { insertFront, signal }: WriterOptions = {},
): Promise<WrittenArchive> {
  // Outside of the try block: a file that was there before is not ours to remove.
  await (await open(target, 'wx', 0o600)).close();
  try {
    let adopted = 0;
    if (insertFront && adoptable && (await insertFront(adoptable.path, adoptable.front.length))) {
      await rename(adoptable.path, target);
      adopted = adoptable.front.length + adoptable.size;
    }
    await using file = await open(target, 'r+');
    await file.chmod(0o600);
    if (adopted > 0 && adoptable) await writeAll(file, adoptable.front, 0);
    await writeFrom(file, source, adopted, signal);
    return { size: source.size, adopted: adopted > 0 };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/** Plans and writes at once. Throws as both do. */
export async function writeArchive(
  target: string,
  entries: readonly WriterEntry[],
  options: PlanOptions & WriterOptions,
): Promise<WrittenArchive> {
  const adopts = options.insertFront !== undefined;
  return await writePlanned(target, await planArchive(entries, { adopts, ...options }), options);
}

interface SizedEntry extends WriterEntry {
  size: number;
}

interface Order {
  before: SizedEntry[];
  adopted: { path: string; entry: SizedEntry } | undefined;
  rest: SizedEntry[];
}

/** The largest file behind what fits into memory before it. */
function adoptingOrder(entries: SizedEntry[]): Order {
  const largest = entries.reduce<SizedEntry | undefined>(
    (best, e) => (e.size > (best?.size ?? 0) ? e : best),
    undefined,
  );
  const unchanged = { before: [], adopted: undefined, rest: entries };
  if (!largest || largest.size < WORTH_ADOPTING || !largest.body || !('path' in largest.body)) return unchanged;
  const position = entries.indexOf(largest);
  const before: SizedEntry[] = [];
  // What does not fit before it moves behind it; a reader of tar relies on no order but folders first.
  const moved: SizedEntry[] = [];
  let room = FRONT_LIMIT;
  for (const entry of entries.slice(0, position)) {
    room -= entry.size + 2 * BLOCK;
    const inMemory = !entry.body || entry.body instanceof Uint8Array || 'path' in entry.body;
    const fits = room >= 0 && entry.size <= WORTH_ADOPTING && inMemory;
    (fits ? before : moved).push(entry);
  }
  const adopted = { path: largest.body.path, entry: largest };
  return { before, adopted, rest: [...moved, ...entries.slice(position + 1)] };
}

function fillerBefore(bare: number, blockSize: number): Uint8Array {
  let filler = (blockSize - (bare % blockSize)) % blockSize;
  if (filler > 0 && filler < 2 * BLOCK) filler += blockSize;
  return filler === 0 ? new Uint8Array() : encodeFiller(filler);
}

async function blockSizeAt(path: string): Promise<number> {
  const { bsize } = await statfs(path);
  const whole = bsize >= BLOCKS.least && bsize <= BLOCKS.most && bsize % BLOCKS.least === 0;
  return whole ? bsize : BLOCKS.least;
}

async function writeFrom(
  file: FileHandle,
  source: ByteSource,
  from: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const rest = sliceSource(source, from, source.size - from);
  let offset = from;
  for await (const chunk of streamOf(rest, { signal, chunkSize: 4 << 20 })) {
    await writeAll(file, chunk, offset);
    offset += chunk.length;
  }
}

function header(entry: SizedEntry, mtime: number): Uint8Array {
  const type = entry.name.endsWith('/') ? 'folder' : 'file';
  return encodeHeader({ name: entry.name, type, size: entry.size, mode: entry.mode, mtime });
}

async function sizeOf(entry: WriterEntry): Promise<number> {
  if (entry.body === undefined) return 0;
  if (entry.body instanceof Uint8Array) return entry.body.length;
  return 'path' in entry.body ? (await stat(entry.body.path)).size : entry.body.size;
}
