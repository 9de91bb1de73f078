/**
 * What is under way and would leave something behind if the node died now. Written before the work begins and removed
 * when it is done, so that the next start knows what to thaw, what to complete and what to remove.
 */
import { randomBytes } from 'node:crypto';
import type { RecordStore, StoredRecord } from './record-store.ts';
import type { CheckpointFigures } from './records.ts';

/** Finished files that are about to get their names: from here on they all do, whatever happens to the node. */
export interface Publication {
  /** Absolute paths, in the order in which names are given; `from` lies in the work folder. */
  readonly files: readonly { from: string; to: string }[];
  /** What the containers' records say of it afterwards. */
  readonly captured: readonly { containerID: string; figures: CheckpointFigures }[];
  /** Containers, frozen until then, that end with it; `connected`: the dump holds TCP connections of it. */
  readonly ending: readonly { id: string; connected: boolean }[];
}

/** A capture: containers may be left frozen, the work folder half full. */
export interface CheckpointOperation extends StoredRecord {
  readonly kind: 'checkpoint';
  readonly containerIDs: readonly string[];
  readonly workFolder: string;
  readonly publication?: Publication;
}

/** A pod that is being restored: nobody but this node knows its sandbox yet. */
export interface PodRestoreOperation extends StoredRecord {
  readonly kind: 'restore-pod';
  readonly sandboxID: string;
  /** Folder of the checkpoint that it is made of: it is read until the end. Older notes have none. */
  readonly checkpointPath?: string;
}

export type Operation = CheckpointOperation | PodRestoreOperation;

/** An operation that is noted; disposing strikes it out. */
export interface Noted<O extends Operation> extends AsyncDisposable {
  /** Replaces the note by one with `more` in it. */
  add(more: Partial<Omit<O, 'id' | 'kind'>>): Promise<void>;
}

export class OperationJournal {
  readonly #store: RecordStore<Operation>;

  constructor(store: RecordStore<Operation>) {
    this.#store = store;
  }

  /** What was under way when the journal was opened, or is now. */
  list(): Operation[] {
    return this.#store.list();
  }

  /** Notes the operation; disposing the result strikes it out. */
  async begin<O extends Operation>(facts: Omit<O, 'id'>): Promise<Noted<O>> {
    let noted = { id: randomBytes(16).toString('hex'), ...facts } as O;
    await this.#store.put(noted);
    return {
      add: async (more) => {
        noted = { ...noted, ...more };
        await this.#store.put(noted);
      },
      [Symbol.asyncDispose]: () => this.end(noted.id),
    };
  }

  async end(id: string): Promise<void> {
    await this.#store.delete(id);
  }
}
