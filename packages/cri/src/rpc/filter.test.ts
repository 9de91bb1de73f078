import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idMatches, labelsMatch } from './filter.ts';

test('a selector holds where every label of it is there with its value', () => {
  const labels = { app: 'counter', tier: 'back' };
  assert.equal(labelsMatch(labels, {}), true);
  assert.equal(labelsMatch(labels, { app: 'counter' }), true);
  assert.equal(labelsMatch(labels, { app: 'counter', tier: 'back' }), true);
  assert.equal(labelsMatch(labels, { app: 'counter', tier: 'front' }), false);
  assert.equal(labelsMatch(labels, { zone: '' }), false);
  assert.equal(labelsMatch({ zone: '' }, { zone: '' }), true);
});

test('labels always match themselves and any part of them', () => {
  const labels = fc.dictionary(fc.string(), fc.string());
  fc.assert(
    fc.property(labels, fc.nat(5), (all, n) => {
      assert.equal(labelsMatch(all, all), true);
      assert.equal(labelsMatch(all, Object.fromEntries(Object.entries(all).slice(0, n))), true);
    }),
  );
});

test('a name that every object inherits is no label', () => {
  assert.equal(labelsMatch({}, { constructor: 'Object' }), false);
  assert.equal(labelsMatch({}, { toString: '' }), false);
});

test('an id is matched by itself, by a prefix, and by nothing asked', () => {
  for (const asked of ['abcd', 'ab', '', undefined]) assert.equal(idMatches('abcd', asked), true, asked);
  for (const asked of ['abcde', 'b', 'ABCD']) assert.equal(idMatches('abcd', asked), false, asked);
});
