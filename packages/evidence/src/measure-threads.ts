/** Measuring in two threads, each of which reads the bytes for itself: the archive's digest is one hash, which cannot be shared. */
import { Worker } from 'node:worker_threads';
import type { Digest, FileLocator, Locator } from '@stillframe/core';
import type { Measured, MeasuredContents, MeasureOptions } from './measure.ts';
import type { EntryRange } from './meters.ts';

/** What a thread is to read, and which half of the work is its own. */
export interface HalfQuestion {
  readonly parts: readonly (Uint8Array | FileLocator)[];
  /** Where in the joined parts the archive begins, bytes. */
  readonly offset: number;
  readonly size: number;
  readonly half: 'archive' | 'entries';
  readonly ranges: readonly EntryRange[];
}

/** How far it is, or what it found. */
export type HalfAnswer =
  | { half: HalfQuestion['half']; done: number }
  | { half: 'archive'; digest: Digest }
  | { half: 'entries'; contents: MeasuredContents };

/** Rejects with the reason of the signal, or with whatever ended a thread. */
export async function measureInThreads(
  locator: Exclude<Locator, { kind: 'blob' }>,
  ranges: readonly EntryRange[],
  { signal, onProgress }: MeasureOptions,
): Promise<Measured> {
  const { size } = locator;
  const { parts, offset } = locator.kind === 'file' ? { parts: [locator], offset: 0 } : locator;
  // The slower half says how far both are.
  const far = { archive: 0, entries: 0 };
  const found: { digest?: Digest; contents?: MeasuredContents } = {};
  const hear = (answer: HalfAnswer) => {
    if ('digest' in answer) found.digest = answer.digest;
    else if ('contents' in answer) found.contents = answer.contents;
    far[answer.half] = 'done' in answer ? answer.done : size;
    onProgress?.(Math.min(far.archive, far.entries));
  };
  signal?.throwIfAborted();
  const workers = (['archive', 'entries'] as const).map((half) => {
    const workerData: HalfQuestion = { parts, offset, size, half, ranges: half === 'entries' ? ranges : [] };
    const worker = new Worker(new URL('./measure-thread.ts', import.meta.url), { workerData });
    worker.on('message', hear);
    return worker;
  });
  const ended = Promise.withResolvers<never>();
  const abort = () => ended.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([ended.promise, Promise.all(workers.map(end))]);
  } finally {
    signal?.removeEventListener('abort', abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  const { digest, contents } = found;
  if (digest === undefined || contents === undefined) throw new Error('a thread that hashed ended without its answer');
  return { digest, size, ...contents };
}

function end(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}
