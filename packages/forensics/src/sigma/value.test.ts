import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Unsupported } from './unsupported.ts';
import { demandModifiers, valueTest } from './value.ts';
import { wildcardTest } from './wildcard.ts';

function fits(value: unknown, text: string | undefined, ...modifiers: string[]): boolean {
  demandModifiers(modifiers);
  return valueTest(value, modifiers, false)(text === undefined ? [] : [text]);
}

test('texts are whole and without regard to capitals, with wildcards and their escapes', () => {
  assert.equal(fits('/bin/SH', '/bin/sh'), true);
  assert.equal(fits('/bin/sh', '/bin/sh2'), false);
  assert.equal(fits('*/s?', '/bin/sh'), true);
  assert.equal(fits('a*b*c', 'a1b2b3c'), true);
  assert.equal(fits('a*b*c', 'a1b2b3'), false);
  assert.equal(fits('a\\*', 'a*'), true);
  assert.equal(fits('a\\*', 'ab'), false);
  assert.equal(fits('a\\?\\\\b\\c', 'a?\\b\\c'), true);
  assert.equal(fits(4443, '4443'), true);
  assert.equal(fits(true, 'true'), true);
  assert.equal(fits('/bin/SH', '/bin/sh', 'cased'), false);
});

test('modifiers', () => {
  assert.equal(fits('pool', '-o POOL:1', 'contains'), true);
  assert.equal(fits('a?c', 'xxabcxx', 'contains'), true);
  assert.equal(fits('/bin', '/bin/sh', 'startswith'), true);
  assert.equal(fits('/sh', '/bin/sh', 'endswith', 'windash'), true);
  assert.equal(fits('/sh', '/bin/sh2', 'endswith'), false);
  assert.equal(fits('s[hH]$', '/bin/sh', 're'), true);
  assert.equal(fits('SH$', '/bin/sh', 're'), false);
  assert.equal(fits('SH$', '/bin/sh', 're', 'i'), true);
  assert.equal(fits('(?i)SH$', '/bin/sh', 're'), true);
  assert.equal(fits('10.0.0.0/8', '10.1.2.3', 'cidr'), true);
  assert.equal(fits('10.0.0.0/8', '11.1.2.3', 'cidr'), false);
  assert.equal(fits('fe80::/10', 'fe80::1', 'cidr'), true);
  assert.equal(fits('whoami', 'echo d2hvYW1p | sh', 'base64', 'contains'), true);
  assert.equal(fits(true, 'x', 'exists'), true);
  assert.equal(fits(false, undefined, 'exists'), true);
  assert.equal(fits(null, undefined), true);
  assert.equal(fits(null, 'x'), false);
});

test('what is not known, or means something else in JavaScript, is said', () => {
  const faults: readonly (readonly [RegExp, unknown, ...string[]])[] = [
    [/"base64offset"/, 'x', 'base64offset'],
    [/"gt"/, 3, 'gt'],
    [/contains and re/, 'x', 'contains', 're'],
    [/\\\\A/, '\\Ax', 're'],
    [/\\\\x/, '\\x{41}', 're'],
    [/character classes/, '[[:alpha:]]', 're'],
    [/none of JavaScript/, '(?>a)', 're'],
    [/1024/, 'a'.repeat(2000), 're'],
    [/network/, '10.0.0.0/33', 'cidr'],
    [/exists/, 'yes', 'exists'],
    [/value/, { a: 1 }],
  ];
  for (const [message, value, ...modifiers] of faults)
    assert.throws(
      () => fits(value, 'x', ...modifiers),
      (fault) => fault instanceof Unsupported && message.test(fault.message),
    );
});

test('property: wildcards agree with a regular expression', () => {
  const parts = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 });
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 10 });
  fc.assert(
    fc.property(parts, texts, (wanted, given) => {
      const source = wanted.map((part) => (part === '*' ? '.*' : part === '?' ? '.' : part)).join('');
      const [value, text] = [wanted.join(''), given.join('')];
      assert.equal(wildcardTest(value, 'whole', true)(text), new RegExp(`^${source}$`).test(text));
      assert.equal(wildcardTest(value, 'contains', false)(text), new RegExp(source).test(text));
    }),
  );
});
