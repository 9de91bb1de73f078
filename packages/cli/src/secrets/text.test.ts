import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '@stillframe/forensics';
import { rotationText, secretsText, viewOf } from './text.ts';

const TOKEN: Secret = {
  ...{ detector: 'vault-token', title: 'Vault token', opens: 'secret store', rotate: 'vault token revoke' },
  ...{
    value: 'abcdefghijklmnopqrstuvwx',
    proof: 'form',
    isPassword: false,
    characters: 24,
    fingerprint: '0123456789ab',
  },
  ...{ pids: [7], count: 5, facts: { for: 'a\u001bb' } },
  places: [{ where: 'memory', reference: { kind: 'memory', pid: 7, address: 16n, bytes: 24 }, name: 'heap', pid: 7 }],
};
const PASSWORD: Secret = {
  ...{ ...TOKEN, title: 'password in a URL', opens: 'account', value: 'hunter2hunter2hunter2', characters: 21 },
  ...{ isPassword: true, fingerprint: undefined, facts: undefined },
};
const DOUBTED: Secret = { ...TOKEN, title: 'Example', doubt: 'an example of a documentation' };
const NAMES = new Map([[7, 'sh\n']]);
const views = (reveal: boolean) => [TOKEN, PASSWORD, DOUBTED].map((secret) => viewOf(secret, NAMES, reveal));

test('unasked, nothing shows more than how a token begins, and nothing of a password', () => {
  const shown =
    secretsText(views(false), 'a.tar') +
    rotationText(views(false), 'a.tar') +
    JSON.stringify(views(false), (_, v) => (typeof v === 'bigint' ? '' : v));
  assert.doesNotMatch(shown, /abcde|hunter|hun/);
  assert.match(shown, /abcd… 24 characters {2}#0123456789ab/);
  assert.match(shown, /password in a URL {2}… 21 characters {2}\(form\)/);
});

test('revealed, each is shown; names of the evidence act on no terminal', () => {
  const shown = secretsText(views(true), 'a.tar');
  assert.match(shown, /abcdefghijklmnopqrstuvwx/);
  assert.match(shown, /hunter2hunter2hunter2/);
  assert.match(shown, /for a\\x1bb/);
  assert.match(shown, /7 \(sh\\n\)/);
  assert.match(shown, /and 4 more places/);
});

test('what is probably none stands last, is not counted and need not be changed', () => {
  assert.match(secretsText(views(false), 'a.tar'), /ACCOUNT[\s\S]*PROBABLY NONE[\s\S]*\n2 secrets in a\.tar\n$/);
  const list = rotationText(views(false), 'a.tar');
  assert.equal(list.match(/\[ \]/g)?.length, 2);
  assert.match(list, /vault token revoke/);
  assert.doesNotMatch(list, /Example/);
});
