import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@stillframe/core';
import fc from 'fast-check';
import { type CustodyFacts, encodeCustody } from './custody.ts';
import { CustodyChecker, type CustodyReport } from './custody-check.ts';
import { makeSigningKey, readSigningKey, type SigningKey, type VerifyingKey } from './key.ts';

const archive = digestOf(Buffer.from('archive'));
const statement = digestOf(Buffer.from('statement'));
const facts = (action: string): CustodyFacts => ({
  at: '2026-01-01T00:00:00.000Z',
  who: { user: 'ana (uid 1000)', host: 'desk' },
  tool: { name: 'stillframe', version: '0' },
  action,
  archive: { name: 'c.tar', digest: archive },
  statement,
});

/** The text with one more entry, as a writer would append it. */
function append(text: string, action: string, key?: SigningKey): string {
  const ended = text.endsWith('\n');
  const last = (ended ? text.slice(0, -1) : text).split('\n').at(-1);
  const tail = text === '' ? { line: undefined, ended: true } : { line: Buffer.from(last ?? ''), ended };
  return text + encodeCustody(facts(action), tail, key);
}

function check(text: string, keys: readonly VerifyingKey[] = []): CustodyReport {
  const checker = new CustodyChecker(keys, { archive, statement });
  const lines = text.split('\n');
  const rest = lines.pop();
  for (const line of lines) checker.accept(Buffer.from(line), true);
  if (rest) checker.accept(Buffer.from(rest), false);
  return checker.end();
}

const chain = ['checkpoint', 'inspect', 'extract'].reduce((text, action) => append(text, action), '');

test('a chain that was only appended to holds, and its last line’s digest is told', () => {
  const { entries, faults, torn, first, last, head } = check(chain);
  assert.deepEqual([entries, faults, torn, first?.action, last?.action], [3, [], [], 'checkpoint', 'extract']);
  assert.equal(head, digestOf(Buffer.from(chain.trimEnd().split('\n').at(-1) ?? '')));
});

test('an entry that is changed, taken out, moved or put in breaks the chain at the line that tells', () => {
  const [one = '', two = '', three = ''] = chain.trimEnd().split('\n');
  const lineOf = (...lines: string[]) => check(`${lines.join('\n')}\n`).faults[0]?.line;
  assert.equal(lineOf(one.replace('ana', 'eve'), two, three), 2);
  assert.equal(lineOf(one, three), 2);
  assert.equal(lineOf(two, three), 1);
  assert.equal(lineOf(two, one, three), 1);
  assert.equal(lineOf(one, two, two, three), 3);
  assert.equal(lineOf(one, 'no entry', three), 2);
  assert.equal(lineOf(one, two, three, 'no entry'), 4);
});

test('whatever byte of a line with a successor is changed, the chain does not hold', () => {
  const end = chain.trimEnd().lastIndexOf('\n');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: end - 1 }), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const changed = chain.slice(0, at) + String.fromCharCode(code) + chain.slice(at + 1);
      fc.pre(changed !== chain);
      assert.notDeepEqual(check(changed).faults, []);
    }),
  );
});

test('a line that was cut off at any byte is told, and the next entry goes behind it', () => {
  const last = chain.trimEnd().lastIndexOf('\n') + 1;
  for (let end = last + 1; end < chain.length - 1; end += 1) {
    const torn = chain.slice(0, end);
    assert.deepEqual([check(torn).faults, check(torn).torn], [[], [3]]);
    const repaired = append(append(torn, 'verify'), 'core');
    assert.deepEqual([check(repaired).faults, check(repaired).torn, check(repaired).entries], [[], [3], 4]);
  }
  // The newline alone is missing: the entry is whole.
  const whole = append(chain.slice(0, -1), 'verify');
  assert.deepEqual([check(whole).faults, check(whole).torn, check(whole).entries], [[], [], 4]);
});

test('signatures are checked with the keys that are known', () => {
  const [key, other] = [readSigningKey(makeSigningKey('p256')), readSigningKey(makeSigningKey())];
  const signed = append(append(chain, 'verify', key), 'core', other);
  assert.deepEqual(check(signed, [key]).signatures, { valid: 1, unknown: 1, none: 3 });
  const [, ...lines] = signed.trimEnd().split('\n');
  const forged = JSON.parse(lines.at(-2) ?? '');
  const text = append(chain, 'verify', key).replace('"action":"verify"', '"action":"nothing"');
  assert.match(check(text, [key]).faults[0]?.message ?? '', new RegExp(forged.signature.keyid));
  assert.deepEqual(check(text, [other]).faults, []);
});

test('an entry about another archive or statement is a fault', () => {
  const other = { ...facts('inspect'), archive: { name: '\u001b[2Jd.tar', digest: digestOf(Buffer.from('x')) } };
  const message = check(encodeCustody(other, { line: undefined, ended: true })).faults[0]?.message ?? '';
  assert.match(message, /is about another archive, \\x1b\[2Jd\.tar/);
  const replaced = { ...facts('inspect'), statement: digestOf(Buffer.from('x')) };
  assert.match(
    check(encodeCustody(replaced, { line: undefined, ended: true })).faults[0]?.message ?? '',
    /another statement/,
  );
});

test('torn lines without number are counted to a limit', () => {
  const [one = ''] = chain.split('\n');
  let text = `${one}\n`;
  for (let i = 0; i < 120; i += 1) text = append(`${text}{"previous":`, 'ps');
  assert.deepEqual([check(text).faults, check(text).torn.length, check(text).entries], [[], 100, 121]);
});

test('any text gives a report', () => {
  fc.assert(fc.property(fc.string(), (text) => assert.ok(check(text).faults.length >= 0)));
});
