/** The forensic engine over the archives of seeds: ends with the first that is no result and no error of ours, or takes too long. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { workerData } from 'node:worker_threads';
import { judgeSeed } from './worker.ts';

/** Milliseconds of processor time that any archive may take, beside a thread that does the same. */
const SLOW = 8000;

for (const seed of workerData as readonly number[]) {
  try {
    const { milliseconds } = await judgeSeed(seed);
    assert.ok(milliseconds < SLOW, `${milliseconds} ms`);
  } catch (error) {
    throw new Error(`seed ${seed}: ${inspect(error)}`);
  }
}
