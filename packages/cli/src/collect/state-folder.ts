/**
 * The collector's own folder: a record and the evidence of each archive, and a lock that its holder renews, so that two collectors
 * exclude each other although each sees only its own processes.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { harmless, limits, orAbsent, readAll, systemCode, UndoStack } from '@stillframe/core';
import { holdLock, openFileSource, TEMPORARY_PREFIX, writeTextAtomically } from '@stillframe/core/file';
import { cliError } from '../usage.ts';
import type { FoundArchive } from './archives.ts';
import { type ArchiveRecord, decodeRecord, encodeRecord } from './record.ts';

/** Bytes of a record that is read. */
const LONGEST = 64 << 10;
const RECORD = '.json';
const EVIDENCE = '.evidence';

export interface StateOptions {
  signal: AbortSignal;
  /** Milliseconds to wait for another collector; that of one that was killed counts as left over after 30 s. */
  patience?: number;
  /** Told once the lock is another's: whatever is under way must end. */
  lost(error: Error): void;
}

export class StateFolder implements AsyncDisposable {
  readonly path: string;
  readonly #records = new Map<string, ArchiveRecord>();
  readonly #closing: UndoStack;

  private constructor(path: string, closing: UndoStack) {
    this.path = path;
    this.#closing = closing;
  }

  /** Makes the folder where it is missing. Throws ERR_COLLECT_TAKEN while another collector has it, ERR_COLLECT_STATE. */
  static async open(path: string, options: StateOptions): Promise<StateFolder> {
    const closing = new UndoStack();
    const records = join(path, 'archives');
    try {
      await mkdir(records, { recursive: true, mode: 0o700 });
      const { signal, patience = 35_000, lost } = options;
      const taken = () => lost(cliError('ERR_COLLECT_TAKEN', 'another collector has taken the state folder over'));
      const held = await holdLock(join(path, 'lock'), { signal, patience, lost: taken });
      closing.push('lock', () => held[Symbol.asyncDispose]());
      const folder = new StateFolder(path, closing);
      await folder.#load();
      return folder;
    } catch (error) {
      await closing[Symbol.asyncDispose]();
      throw stateFault(path, error);
    }
  }

  /** What is known of an archive as it lies there now. */
  recordOf(archive: FoundArchive): ArchiveRecord | undefined {
    return this.#records.get(keyOf(archive));
  }

  /** Keeps it, synced. Throws ERR_COLLECT_STATE. */
  async keep(record: ArchiveRecord): Promise<void> {
    const key = keyOf(record);
    await this.#guarded(() =>
      writeTextAtomically(join(this.path, 'archives', fileOf(key) + RECORD), encodeRecord(record)),
    );
    this.#records.set(key, record);
  }

  /** Keeps the evidence of an archive, before the record that says it is there. Throws ERR_COLLECT_STATE. */
  async keepEvidence(archive: FoundArchive, text: string): Promise<void> {
    await this.#guarded(() => writeTextAtomically(this.#evidence(keyOf(archive)), text));
  }

  /** The evidence that was kept; undefined where there is none. */
  async evidenceOf(archive: FoundArchive): Promise<Uint8Array | undefined> {
    const path = this.#evidence(keyOf(archive));
    if (!(await orAbsent(stat(path), 'ENOENT'))) return undefined;
    await using file = await openFileSource(path);
    return await readAll(file, { limit: limits.json });
  }

  /** Forgets archives that are not there any more; those of them that were never put anywhere. */
  async forgetAllBut(archives: readonly FoundArchive[]): Promise<ArchiveRecord[]> {
    const there = new Set(archives.map(keyOf));
    const gone = [...this.#records].filter(([key]) => !there.has(key));
    for (const [key] of gone) {
      await rm(join(this.path, 'archives', fileOf(key) + RECORD), { force: true });
      await rm(this.#evidence(key), { force: true });
      this.#records.delete(key);
    }
    return gone.map(([, record]) => record).filter(({ placed }) => !placed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closing[Symbol.asyncDispose]();
  }

  /** Every name is of its record alone: one that was altered, or of another version of this program, is read anew. */
  async #load(): Promise<void> {
    const folder = join(this.path, 'archives');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (name.startsWith(TEMPORARY_PREFIX)) await rm(path, { force: true });
      if (!name.endsWith(RECORD)) continue;
      const sound = (await stat(path)).size <= LONGEST;
      const record = sound ? decodeRecord(await readFile(path, 'utf8')) : undefined;
      if (record && fileOf(keyOf(record)) + RECORD === name) this.#records.set(keyOf(record), record);
      else await rm(path, { force: true });
    }
  }

  #evidence(key: string): string {
    return join(this.path, 'archives', fileOf(key) + EVIDENCE);
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw stateFault(this.path, error);
    }
  }
}

function keyOf({ name, version }: Pick<FoundArchive, 'name' | 'version'>): string {
  return `${name}\0${version}`;
}

/** What the files of a key begin with. */
function fileOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

function stateFault(path: string, cause: unknown): unknown {
  const code = systemCode(cause);
  if (code === 'ERR_FILE_LOCKED')
    return cliError('ERR_COLLECT_TAKEN', `${harmless(path)} is another collector’s`, { cause });
  if (code === undefined || code.startsWith('ERR_')) return cause;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const fact = full ? 'has no room left' : `cannot be used (${code})`;
  return cliError('ERR_COLLECT_STATE', `the state folder ${harmless(path)} ${fact}`, { cause });
}
