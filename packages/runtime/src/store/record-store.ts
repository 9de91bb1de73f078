/** Records of sandboxes and containers: one JSON file each, written atomically, read again when the daemon starts. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf, silentLogger } from '@stillframe/core';
import { TEMPORARY_PREFIX, writeTextAtomically } from '@stillframe/core/file';

/** A record has an id that is safe as a file name: 64 hexadecimal digits here. */
export interface StoredRecord {
  readonly id: string;
}

/** All records of one kind, held in memory, written through. */
export class RecordStore<R extends StoredRecord> {
  readonly #folder: string;
  readonly #records = new Map<string, R>();
  readonly #listeners: ((before: R | undefined, after: R | undefined) => void)[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Reads every record of `folder`. One that cannot be parsed is logged and left where it is, never deleted. */
  static async open<R extends StoredRecord>(folder: string, logger: Logger = silentLogger): Promise<RecordStore<R>> {
    const store = new RecordStore<R>(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (name.startsWith(TEMPORARY_PREFIX)) {
        await rm(path, { force: true });
      } else if (name.endsWith('.json')) {
        try {
          const record = JSON.parse(await readFile(path, 'utf8')) as R;
          if (`${record.id}.json` !== name) throw new Error('its id is not its name');
          store.#records.set(record.id, record);
        } catch (error) {
          logger.log('error', 'record is damaged and ignored', { path, reason: messageOf(error) });
        }
      }
    }
    return store;
  }

  get(id: string): R | undefined {
    return this.#records.get(id);
  }

  list(): R[] {
    return [...this.#records.values()];
  }

  /** The record with this id or, as CRI clients expect, the only one whose id begins with it. */
  find(idOrPrefix: string): R | undefined {
    const exact = this.#records.get(idOrPrefix);
    if (exact || idOrPrefix === '') return exact;
    const matching = this.list().filter((record) => record.id.startsWith(idOrPrefix));
    return matching.length === 1 ? matching[0] : undefined;
  }

  /** Replaces the record of the same id, on disk first. */
  async put(record: R): Promise<R> {
    await writeTextAtomically(join(this.#folder, `${record.id}.json`), `${JSON.stringify(record, null, 2)}\n`);
    const before = this.#records.get(record.id);
    this.#records.set(record.id, record);
    for (const listener of this.#listeners) listener(before, record);
    return record;
  }

  async delete(id: string): Promise<void> {
    await rm(join(this.#folder, `${id}.json`), { force: true });
    const before = this.#records.get(id);
    this.#records.delete(id);
    if (before) for (const listener of this.#listeners) listener(before, undefined);
  }

  /** Tells `listener`, which must not throw, of each change once it is on disk; `before` or `after` may be missing. */
  listen(listener: (before: R | undefined, after: R | undefined) => void): void {
    this.#listeners.push(listener);
  }
}
