/**
 * What is under way and would leave something behind if the node died now. Written before the work begins and removed
 * when it is done, so that the next start knows what to thaw and what to remove.
 */
import { randomBytes } from 'node:crypto';
import type { RecordStore, StoredRecord } from './record-store.ts';

/** A capture: the container may be left frozen, the work folder half full. */
export interface Operation extends StoredRecord {
  kind: 'checkpoint';
  containerID: string;
  workFolder: string;
  /** Host pid of the node that does it, with its start time. */
  nodePid: number;
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
  async begin(facts: Omit<Operation, 'id' | 'nodePid'>): Promise<AsyncDisposable> {
    const id = randomBytes(16).toString('hex');
    await this.#store.put({ id, nodePid: process.pid, ...facts });
    return { [Symbol.asyncDispose]: () => this.end(id) };
  }

  async end(id: string): Promise<void> {
    await this.#store.delete(id);
  }
}
