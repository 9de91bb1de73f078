/** A thread that reads a located archive once and hashes one half of what is measured of it. Started by `measure-threads.ts`. */
import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { HalfAnswer, HalfQuestion } from './measure-threads.ts';
import { EntryMeters } from './meters.ts';

/** Bytes that are read at a time: few calls, and they stay in the processor's cache. */
const CHUNK = 1 << 20;

const { parts, offset, size, half, ranges } = workerData as HalfQuestion;
const say = (answer: HalfAnswer) => parentPort?.postMessage(answer);

if (half === 'archive') {
  const hash = createHash('sha256');
  readThrough((bytes) => hash.update(bytes));
  say({ half, digest: `sha256:${hash.digest('hex')}` });
} else {
  const meters = new EntryMeters(ranges);
  readThrough((bytes) => meters.update(bytes));
  say({ half, contents: meters.end() });
}

/** All bytes of the window, in their order, in a buffer that is used again. Throws where a part ends early. */
function readThrough(take: (bytes: Uint8Array) => void): void {
  const buffer = new Uint8Array(CHUNK);
  let told = 0;
  let done = 0;
  const pass = (bytes: Uint8Array) => {
    take(bytes);
    done += bytes.length;
    if (done - told < 16 * CHUNK) return;
    told = done;
    say({ half, done });
  };
  let start = 0;
  for (const part of parts) {
    const length = part instanceof Uint8Array ? part.length : part.size;
    const from = Math.max(0, offset - start);
    const to = Math.min(length, offset + size - start);
    start += length;
    if (from >= to) continue;
    if (part instanceof Uint8Array) pass(part.subarray(from, to));
    else readFile(part.path, part.offset + from, to - from, buffer, pass);
  }
}

function readFile(path: string, at: number, length: number, buffer: Uint8Array, pass: (bytes: Uint8Array) => void) {
  // Without O_NONBLOCK a FIFO of that name would be waited for until somebody writes to it.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let done = 0; done < length; ) {
      const read = readSync(file, buffer, 0, Math.min(CHUNK, length - done), at + done);
      if (read === 0) throw new Error(`${path} ended early`);
      pass(buffer.subarray(0, read));
      done += read;
    }
  } finally {
    closeSync(file);
  }
}
