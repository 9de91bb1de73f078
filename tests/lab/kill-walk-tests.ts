/** The tests of walks: in files of their own, so that they run beside one another. */
import { after, before, describe, test } from 'node:test';
import { STEPS } from '@stillframe/runtime';
import { needs } from '@stillframe/testkit';
import { openWalk, type Walk } from './kill-walk.ts';
import type { WalkOf } from './kill-walks.ts';

const { skip } = needs('checkpoint', 'docker-registry');

/** A suite that kills the daemon at each step of `walks`; the next one puts everything right. */
export function testWalks(name: string, walks: readonly WalkOf[]): void {
  describe(name, { skip }, () => {
    let walk: Walk;
    before(async () => {
      walk = await openWalk();
    });
    after(() => walk?.[Symbol.asyncDispose]());

    for (const { name, operation, act } of walks) {
      describe(`in ${name}`, () => {
        for (const step of STEPS[operation]) {
          test(`at ${step} loses nothing and leaves nothing`, async () => {
            await walk.at(step, (scene, died) => act(scene, step, died));
          });
        }
      });
    }
  });
}
