/** One checkpoint on the desk, with what several views need of it: read when first asked for, and kept. */
import { availableParallelism } from 'node:os';
import { type Checkpoint, type OpenFiles, type Process, readOpenFiles, readProcesses } from '@stillframe/checkpoint';
import { type AddressSpace, openAddressSpace } from '@stillframe/criu-image';
import { type Analysis, analyse, type CaptureTimes, type Proof } from '@stillframe/forensics';
import { deskError } from './errors.ts';

/** What is made of a checkpoint to be saved. */
export interface DeskExport {
  /** In addresses. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** The command that gives the same bytes. */
  readonly command: string;
  /** Of the file's name, without its point. */
  readonly ending: string;
  make(signal: AbortSignal): Promise<string>;
}

/** What whoever starts the desk gives of a checkpoint, which stays theirs to close. */
export interface CaseInput {
  /** Of the archive, without folders; raw text. */
  readonly name: string;
  readonly checkpoint: Checkpoint;
  /** What lies beside the archive, verified; undefined where nothing does. */
  proof?(signal: AbortSignal): Promise<Proof | undefined>;
  /** What that says of times, unverified: it takes no time. */
  times?(): Promise<CaptureTimes | undefined>;
  /** What a node is to restore: path or reference. Undefined for what it cannot. */
  readonly what?: string | undefined;
  /** None by default. */
  readonly exports?: readonly DeskExport[] | undefined;
}

/** A Map or a WeakMap. */
interface Shelf<Key> {
  get(key: Key): Promise<unknown> | undefined;
  set(key: Key, value: Promise<unknown>): unknown;
  delete(key: Key): unknown;
}

/** Threads for memory. This one answers whoever asks something else meanwhile: an expression may take two seconds for a MiB. */
export const WORKERS = Math.max(1, availableParallelism() - 1);

/** Address spaces that are kept open: the ones last asked for. */
const SPACES = 8;

export class DeskCase {
  readonly id: string;
  readonly name: string;
  readonly checkpoint: Checkpoint;
  readonly exports: readonly DeskExport[];
  readonly what: string | undefined;
  readonly #input: CaseInput;
  /** Of the whole desk: what is kept must not end with the request that began it. */
  readonly #signal: AbortSignal;
  readonly #kept = new Map<string, Promise<unknown>>();
  /** Goes with what it was read from. */
  readonly #beside = new WeakMap<object, Promise<unknown>>();
  readonly #spaces = new Map<number, Promise<AddressSpace | undefined>>();

  constructor(id: string, input: CaseInput, signal: AbortSignal) {
    this.id = id;
    this.name = input.name;
    this.checkpoint = input.checkpoint;
    this.exports = input.exports ?? [];
    this.what = input.what;
    this.#input = input;
    this.#signal = signal;
  }

  processes(): Promise<readonly Process[]> {
    return this.keep('processes', (signal) => readProcesses(this.checkpoint.images, { signal }));
  }

  /** Throws ERR_DESK_NOT_FOUND. */
  async process(pid: number): Promise<Process> {
    const found = (await this.processes()).find((each) => each.pid === pid);
    if (!found) throw deskError('ERR_DESK_NOT_FOUND', `the checkpoint holds no process ${pid}`);
    return found;
  }

  open(): Promise<OpenFiles> {
    return this.keep('open files', async (signal) =>
      readOpenFiles(this.checkpoint.images, await this.processes(), { signal }),
    );
  }

  proof(): Promise<Proof | undefined> {
    return this.keep('proof', async (signal) => this.#input.proof?.(signal));
  }

  times(): Promise<CaptureTimes | undefined> {
    return this.keep('times', async () => this.#input.times?.());
  }

  /** Judged by all rules; `memory`: with the content of memory, which takes longer. */
  analysis(memory: boolean): Promise<Analysis> {
    return this.keep(`analysis ${memory}`, (signal) => analyse(this.checkpoint, { memory, workers: WORKERS, signal }));
  }

  /** The memory of a process. Throws ERR_DESK_NOT_FOUND where it has none. */
  async space(pid: number): Promise<AddressSpace> {
    const opened = this.#spaces.get(pid) ?? openAddressSpace(this.checkpoint.images, pid, { signal: this.#signal });
    // The one asked for last stands last, and the first is dropped.
    this.#spaces.delete(pid);
    this.#spaces.set(pid, opened);
    opened.catch(() => this.#spaces.delete(pid));
    for (const [first] of this.#spaces) {
      if (this.#spaces.size <= SPACES) break;
      this.#spaces.delete(first);
    }
    const space = await opened;
    if (!space) throw deskError('ERR_DESK_NOT_FOUND', `the checkpoint holds no memory of a process ${pid}`);
    return space;
  }

  /** Reads a thing once, whoever asks for it; again where that failed. */
  keep<Value>(name: string, read: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    return this.#once(this.#kept, name, read);
  }

  /** As keep, one value of a thing, for as long as somebody has the thing. */
  keepWith<Value>(thing: object, read: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    return this.#once(this.#beside, thing, read);
  }

  #once<Key, Value>(among: Shelf<Key>, key: Key, read: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const kept = among.get(key) as Promise<Value> | undefined;
    if (kept) return kept;
    const reading = read(this.#signal);
    among.set(key, reading);
    reading.catch(() => among.delete(key));
    return reading;
  }
}
