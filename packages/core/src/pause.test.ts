import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePause } from './pause.ts';

test('a time is a number with a unit, up to an hour', () => {
  assert.deepEqual(
    ['500ms', '2s', '1.5s', '20us', '3600s'].map(parsePause),
    [500_000, 2_000_000, 1_500_000, 20, 3_600_000_000],
  );
  for (const wrong of ['', '500', '0ms', '-1s', '1e3ms', ' 1s', '3601s', '1m', '0.0000001us'])
    assert.equal(parsePause(wrong), undefined, wrong);
});
