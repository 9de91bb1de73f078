import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSkips, skipFaults } from './skips.ts';

const listed = parseSkips('# comment\n\nrestores twice | checkpoint\nsays a | b | skopeo\n');
const none = () => true;
const all = () => false;

test('the ledger holds a name and a capability a line; the name may hold bars', () => {
  assert.deepEqual(listed, [
    { name: 'restores twice', capability: 'checkpoint' },
    { name: 'says a | b', capability: 'skopeo' },
  ]);
});

test('a listed skip for want of its capability is no fault', () => {
  const outcomes = [
    { name: 'restores twice', skip: 'needs checkpoint: no criu' },
    { name: 'says a | b', skip: 'needs skopeo: none' },
  ];
  assert.deepEqual(skipFaults(listed, outcomes, true, none), []);
});

test('a listed test that ran because its capability is there is no fault', () => {
  const outcomes = listed.map(({ name }) => ({ name, skip: undefined }));
  assert.deepEqual(skipFaults(listed, outcomes, true, all), []);
});

test('a skip that is not listed, or listed for another capability, is a fault', () => {
  const other = [{ name: 'restores twice', skip: 'needs root: no' }];
  assert.match(skipFaults(listed, other, false, none).join(), /not in expected-skips\.txt: restores twice \| root/);
  assert.match(skipFaults([], [{ name: 'x', skip: 'later' }], false, none).join(), /without a capability/);
});

test('a skip whose capability is there is a fault', () => {
  const outcomes = [{ name: 'restores twice', skip: 'needs checkpoint: no criu' }];
  assert.match(skipFaults(listed, outcomes, false, all).join(), /although checkpoint is here/);
});

test('in a whole run a line for nothing is a fault', () => {
  const outcomes = [{ name: 'restores twice', skip: undefined }];
  const faults = skipFaults(listed, outcomes, true, none);
  assert.match(faults.join('\n'), /ran without checkpoint: restores twice/);
  assert.match(faults.join('\n'), /not there: says a \| b/);
});
