/** Hurts an archive at the places that it is given, and reads each: ends with the first that is no result and no error of ours. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { workerData } from 'node:worker_threads';
import { flip, grow, truncate } from './hurt.ts';
import { Random } from './random.ts';
import { readEverything } from './subject.ts';

/** Ways to hurt, by name. */
const HURTS = { flip, grow, truncate };

export interface HurtWork {
  hurt: keyof typeof HURTS;
  /** Path of the archive. */
  archive: string;
  places: readonly (readonly [at: number, seed: number])[];
}

/** Milliseconds of processor time that any archive may take. */
const SLOW = 2000;

const { hurt, archive, places } = workerData as HurtWork;
const bytes = await readFile(archive);
for (const [at, seed] of places) {
  try {
    const { milliseconds } = await readEverything(HURTS[hurt](bytes, at, new Random(seed)), { pages: false });
    assert.ok(milliseconds < SLOW, `${milliseconds} ms`);
  } catch (error) {
    throw new Error(`${hurt} at ${at}, seed ${seed}: ${inspect(error)}`);
  }
}
