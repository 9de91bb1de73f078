/** The part of the fuzzing of the forensic engine that every run of the tests does; `npx node tests/fuzz/run.ts` goes on from there. */
import { describe, test } from 'node:test';
import { inThread } from '@stillframe/testkit';

const THREAD = new URL('./forensic-thread.ts', import.meta.url);
const seeds = Array.from({ length: 100 }, (_, index) => index + 1);

describe('of a hurt archive every part of the engine gives a result or an error of ours, soon', {
  concurrency: true,
}, () => {
  for (const rest of [0, 1]) {
    test(`100 archives, the ${rest === 0 ? 'even' : 'odd'} seeds`, () =>
      inThread(
        THREAD,
        seeds.filter((seed) => seed % 2 === rest),
      ));
  }
});
