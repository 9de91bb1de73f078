/** The daemon is killed at each step of run and restore; the next one puts everything right. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STEPS } from '@stillframe/runtime';
import { testWalks } from './kill-walk-tests.ts';
import { walks } from './kill-walks.ts';

testWalks(
  'a node that is killed at a step',
  walks.filter(({ operation }) => operation !== 'checkpoint'),
);

test('the node is killed in every operation of the table', () => {
  const walked = new Set(walks.map(({ operation }) => operation));
  assert.deepEqual(
    Object.keys(STEPS).filter((operation) => !walked.has(operation as keyof typeof STEPS)),
    [],
  );
});
