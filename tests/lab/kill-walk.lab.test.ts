/** The daemon is killed at each step of run, checkpoint and restore; the next one puts everything right. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { STEPS } from '@stillframe/runtime';
import { needs } from '@stillframe/testkit';
import { openWalk, type Walk } from './kill-walk.ts';
import { walks } from './kill-walks.ts';

const { skip } = needs('checkpoint', 'docker-registry');

describe('a node that is killed at a step', { skip }, () => {
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

  test('has been killed in every operation of the table', () => {
    const walked = new Set(walks.map(({ operation }) => operation));
    assert.deepEqual(
      Object.keys(STEPS).filter((operation) => !walked.has(operation as keyof typeof STEPS)),
      [],
    );
  });
});
