import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pairUp } from './pair.ts';

test('things are paired by the first key that fits, in their order, and nobody twice', () => {
  const { pairs, removed, added } = pairUp(
    ['a1', 'a2', 'b1', 'c1'],
    ['a2', 'a3', 'b9', 'd1'],
    [(text) => text, (text) => text[0]],
  );
  assert.deepEqual(pairs, [
    ['a2', 'a2'],
    ['a1', 'a3'],
    ['b1', 'b9'],
  ]);
  assert.deepEqual([removed, added], [['c1'], ['d1']]);
});

test('whatever the keys, each thing is in exactly one place', () => {
  const things = fc.array(fc.record({ key: fc.nat(5), other: fc.nat(3) }));
  fc.assert(
    fc.property(things, things, (before, after) => {
      const { pairs, removed, added } = pairUp(before, after, [
        ({ key }) => (key === 0 ? undefined : String(key)),
        ({ other }) => String(other),
      ]);
      assert.equal(new Set([...pairs.map(([old]) => old), ...removed]).size, before.length);
      assert.equal(new Set([...pairs.map(([, now]) => now), ...added]).size, after.length);
      assert.equal(pairs.length + removed.length, before.length);
      assert.equal(pairs.length + added.length, after.length);
    }),
  );
});
