/** A folder that appears whole or not at all: filled under another name, synced, renamed. */
import { type FileHandle, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { orAbsent, systemCode } from '@stillframe/core';
import { openTemporaryFolder, syncFolder, type TemporaryFolder } from '@stillframe/core/file';
import type { SignalOptions } from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import type { Content } from './content.ts';
import { type WriteOptions, type WrittenContent, writeContent } from './write-content.ts';

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
  const found = await orAbsent(stat(target), 'ENOENT');
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

/** Says of a disk that is full what it was needed for. */
async function roomFor<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!['ENOSPC', 'EDQUOT', 'EFBIG'].includes(systemCode(cause) ?? '')) throw cause;
    throw checkpointError('ERR_EXTRACT_NO_ROOM', `there is no room for ${target}: ${systemCode(cause)}`, { cause });
  }
}
