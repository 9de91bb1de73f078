/** What a reference leads to, before it is printed: facts for programs, lines for people, and bytes where there are any. */
import {
  type Checkpoint,
  type Extractable,
  type ExtractContext,
  type OpenFiles,
  openExtractContext,
  type Process,
  readOpenFiles,
  type StreamedPiece,
  streamThing,
} from '@stillframe/checkpoint';
import type { ByteSource } from '@stillframe/core';
import { type EvidenceReference, referenceText } from '@stillframe/forensics';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';

/** Bytes, given piece by piece. */
export interface ShownBytes {
  /** What the first byte is called: an address, or an offset. */
  readonly start: bigint;
  readonly size: bigint;
  /** Bytes that a person is shown at first. */
  readonly preview: number;
  /** Whether they may be shown as text where they are text. */
  readonly mayBeText: boolean;
  pieces(): AsyncIterable<StreamedPiece>;
}

/** One place of the evidence. */
export interface Shown {
  /** Ready for JSON; raw text. */
  readonly facts: object;
  /** Harmless lines; given in pieces where it may be long. */
  readonly text: string | AsyncIterable<string>;
  readonly bytes?: ShownBytes | undefined;
  /** JSON in pieces, instead of `facts`, under the name `entries`. */
  readonly json?: AsyncIterable<string> | undefined;
}

/** What showing reads from. */
export class ShowContext {
  readonly checkpoint: Checkpoint;
  readonly processes: readonly Process[];
  readonly io: Io;
  #open: Promise<OpenFiles> | undefined;
  #extract: Promise<ExtractContext> | undefined;

  constructor(checkpoint: Checkpoint, processes: readonly Process[], io: Io) {
    this.checkpoint = checkpoint;
    this.processes = processes;
    this.io = io;
  }

  open(): Promise<OpenFiles> {
    this.#open ??= readOpenFiles(this.checkpoint.images, this.processes, { signal: this.io.signal });
    return this.#open;
  }

  extract(): Promise<ExtractContext> {
    this.#extract ??= openExtractContext(this.checkpoint, { signal: this.io.signal });
    return this.#extract;
  }

  /** Throws ERR_PROCESS_NOT_FOUND. */
  process(pid: number): Process {
    const found = this.processes.find((each) => each.pid === pid);
    if (!found) throw cliError('ERR_PROCESS_NOT_FOUND', `the checkpoint holds no process ${pid}`);
    return found;
  }

  /** Bytes of a thing that can be taken out. */
  bytesOf(thing: Extractable, start: bigint, size: bigint, preview: number): ShownBytes {
    const { signal } = this.io;
    return { start, size, preview, mayBeText: false, pieces: () => streamThing(thing, { limit: MOST, signal }) };
  }
}

/** Bytes of one thing that are given at most: what claims more is refused. */
const MOST = 1n << 40n;

/** ERR_REFERENCE_ABSENT. */
export function absent(reference: EvidenceReference, why: string) {
  return cliError('ERR_REFERENCE_ABSENT', `${referenceText(reference)} is not in the checkpoint: ${why}`);
}

/** Some bytes of a source; the whole by default. */
export function sourceBytes(
  source: ByteSource,
  preview: number,
  signal: AbortSignal,
  from = 0,
  length = source.size,
): ShownBytes {
  const end = Math.min(source.size, from + length);
  return {
    ...{ start: BigInt(from), size: BigInt(Math.max(0, end - from)), preview, mayBeText: true },
    async *pieces() {
      for (let at = from; at < end; ) {
        const bytes = new Uint8Array(Math.min(PIECE, end - at));
        const read = await source.readInto(at, bytes, { signal });
        if (read === 0) return;
        yield { bytes: bytes.subarray(0, read), isAbsent: false };
        at += read;
      }
    },
  };
}

const PIECE = 1 << 20;
