/** A thread that searches blocks: opens the files again by their paths, reads, scans, answers. Started by `threads.ts`. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { scanBlock } from './block.ts';
import { SlowExpression } from './expression-search.ts';
import { Scanner } from './scanner.ts';
import type { SearchPlan } from './searcher.ts';
import type { ThreadAnswer, ThreadQuestion } from './threads.ts';

/** Files that are open at once; an archive is one, a folder has one for each pages image. */
const OPEN = 64;

const plan = workerData as SearchPlan;
const scanner = new Scanner(plan.patterns, plan.capacity);
const open = new Map<string, number>();

parentPort?.on('message', (question: ThreadQuestion) => {
  const [answer, transfer] = answerTo(question);
  parentPort?.postMessage(answer, transfer);
});

parentPort?.postMessage({ ready: true } satisfies ThreadAnswer);

function answerTo({ id, from, reads, views }: ThreadQuestion): [ThreadAnswer, ArrayBuffer[]] {
  try {
    const lengths = lengthsOf(from, reads);
    const result = scanBlock(scanner, { reads, views }, lengths, plan);
    return [{ id, result }, [result.contexts.buffer as ArrayBuffer]];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ id, error: { isSlow: error instanceof SlowExpression, message } }, []];
  }
}

/** Has the bytes where the scanner looks, and gives how much of each read there was. */
function lengthsOf(from: ThreadQuestion['from'], reads: ThreadQuestion['reads']): readonly number[] {
  if ('bytes' in from) {
    scanner.bytes.set(from.bytes);
    return from.lengths;
  }
  return reads.map(({ bytes, at }, index) => {
    const { path, offset } = from.places[index] ?? { path: -1, offset: 0 };
    return readWhole(from.paths[path] ?? '', offset, bytes, at);
  });
}

function readWhole(path: string, offset: number, length: number, at: number): number {
  const descriptor = descriptorOf(path);
  let done = 0;
  while (done < length) {
    const read = readSync(descriptor, scanner.bytes, at + done, length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

function descriptorOf(path: string): number {
  const known = open.get(path);
  if (known !== undefined) return known;
  const [oldest] = open.size >= OPEN ? open : [];
  if (oldest !== undefined) {
    closeSync(oldest[1]);
    open.delete(oldest[0]);
  }
  const descriptor = openSync(path, 'r');
  open.set(path, descriptor);
  return descriptor;
}
