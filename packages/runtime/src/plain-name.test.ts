import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameFault } from './plain-name.ts';

test('a name that leads nowhere is taken', () => {
  for (const name of ['', 'counter', 'etcd-node.example.com', '8c2f_A', '..a', 'ü', 'a'.repeat(253)])
    assert.equal(nameFault(name), undefined, name);
});

test('a name that could be a path, or is no text for people, is refused and why is said', () => {
  for (const [name, reason] of [
    ['../../../tmp/x', /`\/`/],
    ['/', /`\/`/],
    ['.', /folder/],
    ['..', /folder/],
    ['a\0b', /control character/],
    ['a\nb', /control character/],
    ['a\u001b[2J', /control character/],
    ['a\u009b', /control character/],
    ['a'.repeat(254), /254 characters/],
  ] as const)
    assert.match(nameFault(name) ?? 'taken', reason, JSON.stringify(name));
});
