import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repeatedMember } from './json.ts';

test('no JSON that was made of a value has a member twice', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => assert.equal(repeatedMember(JSON.stringify(value, null, 1)), undefined)),
  );
});

test('a member that stands twice is found at any depth, however it is written', () => {
  assert.equal(repeatedMember('{"a":1,"b":{"c":[{"d":"x","d":2}]}}'), 'd');
  assert.equal(repeatedMember('{"a":"a","b":["a","a"],"c":{"a":1}}'), undefined);
  assert.equal(repeatedMember('{"a":1,"\\u0061":2}'), 'a');
  assert.equal(repeatedMember('{"x\\",{\\"":1,"y":"}","x\\",{\\"":2}'), 'x",{"');
});
