import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCapability, missingCapability, needs, restoresContainers } from './capability.ts';

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

test('a containerd that restores only where it is told to, not yet or no more, does not restore', () => {
  for (const version of ['2.1.0', '2.1.9', '2.2.6', '2.3.3']) assert.equal(restoresContainers(version), true, version);
  for (const version of ['1.7.30', '2.0.5', '2.2.7', '2.3.4', '2.4.0', '3.1.0', '2.1', '']) {
    assert.equal(restoresContainers(version), false, version);
  }
});

test('only names of the table are capabilities', () => {
  assert.ok(isCapability('checkpoint'));
  assert.ok(!isCapability('toString'));
});
