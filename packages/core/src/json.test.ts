import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, isObject, listAt, nestsDeeper, textAt } from './json.ts';

test('a document is judged by its brackets before it is parsed, not by those within texts', () => {
  const deep = (text: string, levels: number) => nestsDeeper(new TextEncoder().encode(text), levels);
  assert.equal(deep('[{"a":[1]}]', 3), false);
  assert.equal(deep('[{"a":[1]}]', 2), true);
  assert.equal(deep('[[],[],[]]', 2), false);
  assert.equal(deep(String.raw`{"[[[[":"\"[[[[\\"}`, 1), false);
  assert.equal(deep('['.repeat(1000), 999), true);
});

test('what is no object is none, and what lies nowhere is absent', () => {
  assert.deepEqual([{}, [], null, 'a', undefined].map(isObject), [true, false, false, false, false]);
  const document = { pod: { name: 'web', ports: [80] } };
  assert.equal(at(document, 'pod', 'ports', 0), 80);
  assert.equal(at(document, 'pod', 'constructor'), undefined);
  assert.equal(textAt(document, 'pod', 'ports'), '');
  assert.equal(textAt(document, 'pod', 'name'), 'web');
  assert.deepEqual(listAt(document, 'pod', 'ports'), [80]);
  assert.deepEqual(listAt(document, 'pod', 'name'), []);
});
