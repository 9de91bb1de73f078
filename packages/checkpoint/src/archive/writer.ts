/**
 * Writing a checkpoint archive. The largest file, CRIU's pages, is not copied: a block with everything that comes
 * before it is inserted at its front, the rest is appended, and that file is the archive.
 */

import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { type ByteSource, streamOf } from '@stillframe/core';
import { writeAll } from '@stillframe/core/file';
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

export interface WriterOptions {
  /** Seconds since 1970, for every entry. */
  mtime: number;
  /**
   * Inserts `length` zero bytes (a multiple of 4096) at the front of a file without moving its bytes, as fallocate(2)
   * FALLOC_FL_INSERT_RANGE does; false where the filesystem cannot, and nothing was changed.
   */
  insertFront?: (path: string, length: number) => Promise<boolean>;
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
/** Filesystems insert whole blocks only; 64 KiB is the largest block size Linux has. */
const ALIGNMENTS = [4096, 65536] as const;

/**
 * Writes `entries` in their order as a tar at `target`, which must not exist and lies on the filesystem of the bodies.
 * A body that is adopted is consumed: its path is gone afterwards. Not synced: the caller hashes, syncs and publishes.
 * On failure `target` is removed, but for one that was there already: that is refused (EEXIST) and left as it is.
 */
export async function writeArchive(
  target: string,
  entries: readonly WriterEntry[],
  options: WriterOptions,
): Promise<WrittenArchive> {
  const sized = await Promise.all(entries.map(async (entry) => ({ ...entry, size: await sizeOf(entry) })));
  // Outside of the try block: a file that was there before is not ours to remove.
  await (await open(target, 'wx', 0o600)).close();
  try {
    const adopted = await adoptLargest(target, sized, options);
    await using file = await open(target, 'r+');
    await file.chmod(0o600);
    let offset = adopted?.end ?? 0;
    for (const entry of adopted?.rest ?? sized) offset = await append(file, offset, entry, options);
    offset += (await file.write(endOfArchive, 0, endOfArchive.length, offset)).bytesWritten;
    return { size: offset, adopted: adopted !== undefined };
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

interface SizedEntry extends WriterEntry {
  size: number;
}

interface Adopted {
  /** Offset after the adopted body and its padding. */
  end: number;
  rest: SizedEntry[];
}

async function adoptLargest(
  target: string,
  entries: SizedEntry[],
  options: WriterOptions,
): Promise<Adopted | undefined> {
  const insertFront = options.insertFront;
  const largest = entries.reduce<SizedEntry | undefined>(
    (best, e) => (e.size > (best?.size ?? 0) ? e : best),
    undefined,
  );
  if (!insertFront || !largest || largest.size < WORTH_ADOPTING) return undefined;
  if (!largest.body || !('path' in largest.body)) return undefined;
  const position = entries.indexOf(largest);
  const before: Uint8Array[] = [];
  // What does not fit before it moves behind it; a reader of tar relies on no order but folders first.
  const moved: SizedEntry[] = [];
  let room = FRONT_LIMIT;
  for (const entry of entries.slice(0, position)) {
    room -= entry.size + 2 * BLOCK;
    const inMemory = !entry.body || entry.body instanceof Uint8Array || 'path' in entry.body;
    if (room < 0 || entry.size > WORTH_ADOPTING || !inMemory) {
      moved.push(entry);
      continue;
    }
    const body = entry.body ?? new Uint8Array();
    before.push(header(entry, options), 'path' in body ? await wholeFile(body.path, entry.size) : (body as Uint8Array));
    before.push(new Uint8Array(paddingOf(entry.size)));
  }
  for (const alignment of ALIGNMENTS) {
    const front = alignedFront(before, header(largest, options), alignment);
    if (!(await insertFront(largest.body.path, front.length))) continue;
    await rename(largest.body.path, target);
    await using file = await open(target, 'r+');
    await file.write(front, 0, front.length, 0);
    return {
      end: front.length + largest.size + paddingOf(largest.size),
      rest: [...moved, ...entries.slice(position + 1)],
    };
  }
  return undefined;
}

function alignedFront(before: readonly Uint8Array[], last: Uint8Array, alignment: number): Buffer {
  const bare = before.reduce((sum, part) => sum + part.length, last.length);
  let filler = (alignment - (bare % alignment)) % alignment;
  if (filler > 0 && filler < 2 * BLOCK) filler += alignment;
  return Buffer.concat(filler === 0 ? [...before, last] : [...before, encodeFiller(filler), last]);
}

async function append(file: FileHandle, at: number, entry: SizedEntry, options: WriterOptions): Promise<number> {
  let offset = at;
  const put = async (bytes: Uint8Array) => {
    await writeAll(file, bytes, offset);
    offset += bytes.length;
  };
  await put(header(entry, options));
  if (entry.body instanceof Uint8Array) await put(entry.body);
  else if (entry.body && !('path' in entry.body)) {
    for await (const chunk of streamOf(entry.body, { signal: options.signal, chunkSize: 4 << 20 })) await put(chunk);
  } else if (entry.body) {
    const end = offset + entry.size;
    const stream = createReadStream(entry.body.path, { highWaterMark: 4 << 20, end: Math.max(0, entry.size - 1) });
    for await (const chunk of stream) {
      options.signal?.throwIfAborted();
      await put((chunk as Buffer).subarray(0, end - offset));
    }
    if (offset !== end) throw new Error(`${entry.body.path} became shorter while it was archived`);
  }
  await put(new Uint8Array(paddingOf(entry.size)));
  return offset;
}

function header(entry: SizedEntry, { mtime }: WriterOptions): Uint8Array {
  const type = entry.name.endsWith('/') ? 'folder' : 'file';
  return encodeHeader({ name: entry.name, type, size: entry.size, mode: entry.mode, mtime });
}

async function sizeOf(entry: WriterEntry): Promise<number> {
  if (entry.body === undefined) return 0;
  if (entry.body instanceof Uint8Array) return entry.body.length;
  return 'path' in entry.body ? (await stat(entry.body.path)).size : entry.body.size;
}

async function wholeFile(path: string, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  await using file = await open(path, 'r');
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, size - done, done);
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was archived`);
    done += bytesRead;
  }
  return bytes;
}
