/** Folders of manifests: read at every change, each file for itself; one that is wrong keeps what it last said. */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf, readAll, systemCode, systemFact } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { MANIFEST_BYTES, type Manifest, parseManifest } from '../manifest/documents.ts';

/** Files of all folders. */
const MOST_FILES = 500;
/** Milliseconds between a change and the look at it: a file that is being written changes more than once. */
const SETTLE = 100;

/** A file that is wrong. */
export interface ManifestFault {
  readonly file: string;
  readonly reason: string;
}

interface Known {
  /** Size, time and inode of what was read. */
  mark: string;
  manifest: Manifest | undefined;
  fault: string | undefined;
}

export class ManifestFolders implements Disposable {
  readonly #folders: readonly string[];
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #known = new Map<string, Known>();
  #folderFaults: ManifestFault[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is called some time after anything in a folder has changed. */
  constructor(folders: readonly string[], logger: Logger, changed: () => void) {
    this.#folders = folders;
    this.#logger = logger;
    this.#changed = changed;
  }

  /** By file, in the order of folders and names. */
  get manifests(): ReadonlyMap<string, Manifest> {
    const sound = [...this.#known].flatMap(([file, { manifest }]): [string, Manifest][] =>
      manifest ? [[file, manifest]] : [],
    );
    return new Map(sound);
  }

  /** Files and folders that are wrong now. */
  get faults(): readonly ManifestFault[] {
    const files = [...this.#known].flatMap(([file, { fault }]) =>
      fault === undefined ? [] : [{ file, reason: fault }],
    );
    return [...this.#folderFaults, ...files];
  }

  /** Whether a file was wrong from the first look on: what it said before is not known. */
  isUnknown(file: string): boolean {
    const known = this.#known.get(file);
    return known !== undefined && known.manifest === undefined;
  }

  /** Reads what has changed. */
  async read(): Promise<void> {
    const found = new Map<string, Known>();
    const folderFaults: ManifestFault[] = [];
    for (const folder of this.#folders) {
      this.#watch(folder);
      try {
        for (const name of (await readdir(folder)).toSorted()) {
          if (name.startsWith('.') || !/\.(?:ya?ml|json)$/.test(name)) continue;
          if (found.size >= MOST_FILES) throw new Error(`there are more than ${MOST_FILES} manifests`);
          await this.#readFile(join(folder, name), found);
        }
      } catch (error) {
        folderFaults.push({ file: folder, reason: systemCode(error) ? systemFact(error) : messageOf(error) });
        // What cannot be read is not gone.
        for (const [file, known] of this.#known) if (file.startsWith(`${folder}/`)) found.set(file, known);
      }
    }
    for (const { file, reason } of folderFaults) {
      if (!this.#folderFaults.some((each) => each.file === file && each.reason === reason))
        this.#logger.log('error', 'manifests cannot be read', { folder: file, reason });
    }
    this.#folderFaults = folderFaults;
    this.#known = found;
  }

  async #readFile(file: string, found: Map<string, Known>): Promise<void> {
    const known = this.#known.get(file);
    const now = await stat(file).catch(() => undefined);
    // One that went away meanwhile is not there.
    if (!now || now.isDirectory()) return;
    const mark = [now.size, now.mtimeMs, now.ctimeMs, now.ino].join();
    if (known?.mark === mark) {
      found.set(file, known);
      return;
    }
    try {
      await using source = await openFileSource(file);
      const bytes = await readAll(source, { limit: MANIFEST_BYTES });
      const manifest = parseManifest(new TextDecoder('utf-8', { fatal: true }).decode(bytes), file);
      found.set(file, { mark, manifest, fault: undefined });
    } catch (error) {
      const fault = messageOf(error).replace(`${file}: `, '');
      if (known?.fault !== fault) this.#logger.log('error', 'manifest is wrong', { file, reason: fault });
      found.set(file, { mark, manifest: known?.manifest, fault });
    }
  }

  #watch(folder: string): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#soon());
      const forget = () => {
        watcher.close();
        this.#watchers.delete(folder);
      };
      watcher.on('error', forget);
      watcher.on('close', () => this.#watchers.delete(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // It may come later; until then the regular look finds it.
    }
  }

  #soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, SETTLE);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}
