import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { harmless, namesSecret, redactArguments, redactVariable } from './redact.ts';

/** Anything a string can hold, controls, format characters and lone surrogates among it. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
    fc.constantFrom('\x1b', '\x9b', '\r', '\n', '\u202e', '\u2066', '\u200b', '\ufeff', '\u{e0041}', '\u180e', 'a'),
  ),
});

test('no control, bidirectional, invisible or broken character survives', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const shown = harmless(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.doesNotMatch(shown, /[\u00ad\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u);
    }),
    { numRuns: 2000 },
  );
});

test('text once made harmless stays as it is', () => {
  fc.assert(fc.property(anyText, (text) => assert.equal(harmless(harmless(text)), harmless(text))));
});

test('letters of any script, signs and emoji are left alone', () => {
  for (const text of ['', '/usr/bin/env -i', 'Füße', 'Ελλάδα', 'مرحبا', '日本語', '🦊', 'a\\x1b'])
    assert.equal(harmless(text), text);
});

test('what was hidden is shown as an escape', () => {
  assert.equal(harmless('\x1b[2J'), '\\x1b[2J');
  assert.equal(harmless('a\nb\tc\r'), 'a\\nb\\tc\\x0d');
  assert.equal(harmless('gpj\u202exe.'), 'gpj\\u202exe.');
  assert.equal(harmless('\u{e0041}'), '\\u{e0041}');
  assert.equal(harmless('\ud800'), '\ufffd');
});

test('a variable that commonly holds a secret loses its value and keeps its length', () => {
  for (const name of ['PASSWORD', 'DB_PASSWD', 'github_token', 'API_KEY', 'APIKEY', 'SESSION_ID', 'DATABASE_DSN'])
    assert.equal(redactVariable(`${name}=s=cret`), `${name}=<redacted, 6 characters>`);
});

test('other variables are left as they are, also without a value', () => {
  for (const text of ['PATH=/bin', 'PASSWORD', '', '=PASSWORD', 'HOME=/home/token'])
    assert.equal(redactVariable(text), text);
  assert.equal(namesSecret('LANG'), false);
});

test('no value of a secret name is ever shown', () => {
  fc.assert(
    fc.property(anyText, anyText, (suffix, value) => {
      const secret = `MY_TOKEN${suffix.replaceAll('=', '')}`;
      assert.equal(redactVariable(`${secret}=${value}`), `${secret}=<redacted, ${value.length} characters>`);
    }),
  );
});

test('of arguments what looks secret is hidden, and how long it was is told', () => {
  const shown = (...args: string[]) => redactArguments(args).join(' ');
  assert.equal(shown('app', '--password=hunter2', '--port=80'), 'app --password=<redacted, 7 characters> --port=80');
  assert.equal(shown('app', '--token', 'abc', '--quiet'), 'app --token <redacted, 3 characters> --quiet');
  assert.equal(shown('app', '--auth', '--quiet'), 'app --auth --quiet');
  assert.equal(shown('env', 'API_KEY=abc', 'HOME=/root'), 'env API_KEY=<redacted, 3 characters> HOME=/root');
  assert.equal(shown('psql', 'postgres://ada:pw@db/x'), 'psql postgres://ada:<redacted, 2 characters>@db/x');
  assert.equal(
    shown('curl', '-H', 'Authorization: Bearer abc', 'http://a/'),
    'curl -H Authorization: <redacted, 10 characters> http://a/',
  );
});
