/** Pipes and fifos joined end to end: who reads, who writes, and what waits between them (pipes-data, fifo-data). */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import { notQueued, type Queued, queuedBytes } from '../queued.ts';
import { isDamaged } from './damage.ts';
import type { FileTable } from './file-table.ts';
import type { Descriptor } from './open-files.ts';
import { ACCESS_MODE } from './open-flags.ts';

/** One pipe. An end without holders here is held outside of the checkpoint, or closed: no dump can tell which. */
export interface Pipe {
  readonly kind: 'pipe' | 'fifo';
  /** Its inode; what /proc/PID/fd shows as `pipe:[…]`. */
  readonly id: number;
  /** Open files that lead to it, by CRIU's id. */
  readonly fileIds: readonly number[];
  readonly readers: readonly Descriptor[];
  readonly writers: readonly Descriptor[];
  readonly queued: Queued;
  /** Bytes it takes at most; undefined where that is not recorded. */
  readonly capacity: number | undefined;
}

interface Waiting {
  bytes: number;
  capacity: number | undefined;
}

interface End {
  fileId: number;
  /** open(2) flags; undefined where the dump does not tell, so that it may be either end. */
  flags: number | undefined;
}

const O_WRONLY = 1;
const O_RDWR = 2;

type Holders = (fileId: number) => readonly Descriptor[];

/** All pipes of a dump. */
export class Pipes {
  readonly #ends: ReadonlyMap<string, readonly End[]>;
  readonly #waiting: ReadonlyMap<string, Waiting>;
  readonly #damaged: Readonly<Record<Pipe['kind'], boolean>>;
  readonly #keyOf: ReadonlyMap<number, string>;
  readonly #holders: Holders;
  readonly #joined = new Map<string, Pipe>();

  private constructor(
    ends: ReadonlyMap<string, readonly End[]>,
    waiting: ReadonlyMap<string, Waiting>,
    damaged: Readonly<Record<Pipe['kind'], boolean>>,
    holders: Holders,
  ) {
    this.#ends = ends;
    this.#waiting = waiting;
    this.#damaged = damaged;
    this.#holders = holders;
    this.#keyOf = new Map([...ends].flatMap(([key, files]) => files.map(({ fileId }) => [fileId, key] as const)));
  }

  /** Reads what waits; who holds the ends is not known yet. */
  static async read(images: ImageSet, files: FileTable, options: SignalOptions = {}): Promise<Pipes> {
    const ends = new Map<string, End[]>();
    for (const { id, pipe, fifo } of files.entries()) {
      const key = pipe ? `pipe ${pipe.pipeId}` : fifo ? `fifo ${fifo.pipeId}` : undefined;
      if (key === undefined) continue;
      const end = { fileId: id, flags: pipe ? pipe.flags : fifo && files.entry(fifo.regfId)?.reg?.flags };
      const known = ends.get(key);
      if (known) known.push(end);
      else ends.set(key, [end]);
    }
    const waiting = new Map<string, Waiting>();
    for (const kind of ['pipe', 'fifo'] as const) {
      const image = kind === 'pipe' ? 'pipes-data' : 'fifo-data';
      for await (const { role, message } of images.records(image, undefined, options)) {
        const key = `${kind} ${message.pipeId}`;
        if (role !== 'entry' || waiting.has(key)) continue;
        waiting.set(key, { bytes: message.bytes, capacity: message.size || undefined });
      }
    }
    const damaged = { pipe: isDamaged(images, 'pipes-data'), fifo: isDamaged(images, 'fifo-data') };
    return new Pipes(ends, waiting, damaged, () => []);
  }

  /** The same pipes with those who hold their ends. */
  joined(holders: Holders): Pipes {
    return new Pipes(this.#ends, this.#waiting, this.#damaged, holders);
  }

  /** The pipe behind a file. */
  ofFile(fileId: number): Pipe | undefined {
    const key = this.#keyOf.get(fileId);
    return key === undefined ? undefined : this.#pipe(key);
  }

  *all(): Generator<Pipe> {
    for (const key of this.#ends.keys()) yield this.#pipe(key);
  }

  #pipe(key: string): Pipe {
    const known = this.#joined.get(key);
    if (known) return known;
    const ends = this.#ends.get(key) ?? [];
    const [kind, id] = key.split(' ');
    const waiting = this.#waiting.get(key);
    const pipe: Pipe = {
      kind: kind === 'fifo' ? 'fifo' : 'pipe',
      id: Number(id),
      fileIds: ends.map(({ fileId }) => fileId),
      readers: ends.filter(({ flags }) => reads(flags)).flatMap(({ fileId }) => this.#holders(fileId)),
      writers: ends.filter(({ flags }) => writes(flags)).flatMap(({ fileId }) => this.#holders(fileId)),
      queued: waiting ? queuedBytes(waiting.bytes) : this.#unknown(kind === 'fifo' ? 'fifo' : 'pipe', ends),
      capacity: waiting?.capacity,
    };
    this.#joined.set(key, pipe);
    return pipe;
  }

  /** CRIU takes the content from the reading end, so that of a pipe that is read outside is never written. */
  #unknown(kind: Pipe['kind'], ends: readonly End[]): Queued {
    if (!ends.some(({ flags }) => reads(flags))) return notQueued('not-captured');
    return notQueued(this.#damaged[kind] ? 'unreadable' : 'missing');
  }
}

const reads = (flags: number | undefined) => flags !== undefined && (flags & ACCESS_MODE) !== O_WRONLY;
const writes = (flags: number | undefined) => flags !== undefined && [O_WRONLY, O_RDWR].includes(flags & ACCESS_MODE);
