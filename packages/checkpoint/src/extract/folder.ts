/** A folder that appears whole or not at all: filled under another name, synced, renamed. */
import { type FileHandle, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Sha256, systemCode } from '@stillframe/core';
import { openTemporaryFolder, syncFolder, type TemporaryFolder } from '@stillframe/core/file';
import type { AbsentReason, SignalOptions } from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import type { Content } from './content.ts';

/** What was written of a content. */
export interface WrittenContent {
  readonly bytes: number;
  /** Of the whole file, as `sha256sum` gives it: 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes that are zero for sure and take no room. */
  readonly holeBytes: number;
  /** The first thousand stretches that the evidence does not hold. They read as zeroes. */
  readonly absent: readonly { readonly offset: number; readonly bytes: number; readonly reason: AbsentReason }[];
  readonly absentBytes: number;
}

/** Options of ExtractionFolder.write. */
export interface WriteOptions extends SignalOptions {
  /** Called with the bytes of content that were dealt with since the call before. */
  onBytes?: ((bytes: number) => void) | undefined;
}

const TOLD = 1000;
const ZEROES = new Uint8Array(1 << 20);
/** Files synced at once. */
const AT_ONCE = 16;

/** A folder in the making. Disposing it before `publish` removes all that was written. */
export interface ExtractionFolder extends AsyncDisposable {
  /** Writes a file of mode 0600 that must not be there yet; folders above are made with 0700. `path`: from SafePaths. */
  write(path: string, content: Content, options?: WriteOptions): Promise<WrittenContent>;
  /** Opens a file for text that comes bit by bit. Close it before publishing. */
  create(path: string): Promise<FileHandle>;
  /** Syncs everything and gives the folder its name. */
  publish(options?: SignalOptions): Promise<void>;
}

/** Throws ERR_EXTRACT_FOLDER_TAKEN unless `path` is free or an empty folder. A link to one counts as taken. */
export async function openExtractionFolder(path: string): Promise<ExtractionFolder> {
  const target = resolve(path);
  await demandFree(target);
  const temporary = await roomFor(target, () =>
    openTemporaryFolder(dirname(target), `${basename(target).slice(0, 50)}-`),
  );
  return new Folder(target, temporary);
}

async function demandFree(target: string): Promise<void> {
  const found = await stat(target).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  const names = found.isDirectory() ? await readdir(target) : undefined;
  if (names?.length === 0) return;
  const what = names === undefined ? 'is no folder' : 'is not empty';
  throw checkpointError('ERR_EXTRACT_FOLDER_TAKEN', `${target} ${what}`, { details: { path: target } });
}

class Folder implements ExtractionFolder {
  readonly #target: string;
  readonly #temporary: TemporaryFolder;
  readonly #files: string[] = [];
  readonly #folders = new Set<string>(['']);

  constructor(target: string, temporary: TemporaryFolder) {
    this.#target = target;
    this.#temporary = temporary;
  }

  async write(path: string, content: Content, options: WriteOptions = {}): Promise<WrittenContent> {
    return roomFor(this.#target, async () => {
      await using file = await this.create(path);
      return await writeContent(file, content, options);
    });
  }

  async create(path: string): Promise<FileHandle> {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (!this.#folders.has(folder)) {
      await mkdir(join(this.#temporary.path, folder), { recursive: true, mode: 0o700 });
      for (let at = folder; at !== '' && !this.#folders.has(at); at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
        this.#folders.add(at);
      }
    }
    const file = await open(join(this.#temporary.path, path), 'wx', 0o600);
    this.#files.push(path);
    return file;
  }

  async publish({ signal }: SignalOptions = {}): Promise<void> {
    await roomFor(this.#target, async () => {
      // All at the end: the first sync then takes the others along.
      for (let from = 0; from < this.#files.length; from += AT_ONCE) {
        signal?.throwIfAborted();
        const some = this.#files.slice(from, from + AT_ONCE);
        await Promise.all(some.map((path) => syncFolder(join(this.#temporary.path, path))));
      }
      for (const folder of this.#folders) await syncFolder(join(this.#temporary.path, folder));
      signal?.throwIfAborted();
      await rename(this.#temporary.path, this.#target).catch((cause: unknown) => {
        if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(cause) ?? '')) throw cause;
        throw checkpointError('ERR_EXTRACT_FOLDER_TAKEN', `${this.#target} was made by somebody else meanwhile`, {
          cause,
        });
      });
      await syncFolder(dirname(this.#target));
    });
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    // Renamed, there is nothing of that name any more.
    return this.#temporary[Symbol.asyncDispose]();
  }
}

/** Writes what is there and leaves the rest a hole; hashes all of it. */
async function writeContent(file: FileHandle, content: Content, options: WriteOptions): Promise<WrittenContent> {
  const size = Number(content.size);
  const hash = new Sha256();
  const absent: { offset: number; bytes: number; reason: AbsentReason }[] = [];
  let [absentBytes, dataBytes] = [0, 0];
  for await (const piece of content.pieces(options)) {
    const length = piece.state === 'data' ? piece.bytes.length : piece.length;
    if (piece.offset < hash.size || piece.offset + length > size) throw new RangeError('pieces overlap or lie outside');
    hashZeroes(hash, piece.offset, options);
    if (piece.state === 'data') {
      await writeAll(file, piece.bytes, piece.offset);
      hash.update(piece.bytes);
      dataBytes += length;
      options.onBytes?.(length);
    } else {
      const last = absent.at(-1);
      if (last?.reason === piece.reason && last.offset + last.bytes === piece.offset) last.bytes += length;
      else if (absent.length < TOLD) absent.push({ offset: piece.offset, bytes: length, reason: piece.reason });
      absentBytes += length;
      hashZeroes(hash, piece.offset + length, options);
    }
  }
  hashZeroes(hash, size, options);
  await file.truncate(size);
  const sha256 = hash.digest().slice('sha256:'.length);
  return { bytes: size, sha256, holeBytes: size - dataBytes - absentBytes, absent, absentBytes };
}

/** Up to `end`. */
function hashZeroes(hash: Sha256, end: number, { signal, onBytes }: WriteOptions): void {
  while (hash.size < end) {
    signal?.throwIfAborted();
    const length = Math.min(ZEROES.length, end - hash.size);
    hash.update(ZEROES.subarray(0, length));
    onBytes?.(length);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
}

/** Says of a disk that is full what it was needed for. */
async function roomFor<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemCode(cause) ?? '')) throw cause;
    throw checkpointError('ERR_EXTRACT_NO_ROOM', `there is no room for ${target}: ${systemCode(cause)}`, { cause });
  }
}
