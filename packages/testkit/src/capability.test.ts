import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCapability, missingCapability, needs } from './capability.ts';

test('nothing needed, nothing skipped', () => {
  assert.deepEqual(needs(), { skip: false });
});

test('a missing capability is named with its reason, a present one does not skip', () => {
  const reason = missingCapability('linux');
  assert.equal(reason === undefined, process.platform === 'linux');
  assert.deepEqual(needs('linux'), { skip: reason === undefined ? false : `needs linux: ${reason}` });
});

test('checkpoint implies root', () => {
  if (missingCapability('root') !== undefined) assert.notEqual(missingCapability('checkpoint'), undefined);
});

test('only names of the table are capabilities', () => {
  assert.ok(isCapability('checkpoint'));
  assert.ok(!isCapability('toString'));
});
