import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AuthConfigSchema } from '../proto.ts';
import { credentialsOf } from './pull-image.ts';

const of = (auth: Parameters<typeof create<typeof AuthConfigSchema>>[1]) =>
  credentialsOf(create(AuthConfigSchema, auth));
const ada = { kind: 'password', username: 'ada', password: 'a:b' };

test('name and password come as such or as base64 of both', () => {
  assert.deepEqual(of({ username: 'ada', password: 'a:b' }), ada);
  assert.deepEqual(of({ auth: Buffer.from('ada:a:b').toString('base64') }), ada);
  assert.deepEqual(of({ auth: Buffer.from('ada:a:b\0\0').toString('base64') }), ada, 'docker pads with NUL');
});

test('a token counts more than a name', () => {
  assert.deepEqual(of({ username: 'ada', identityToken: 't' }), { kind: 'identity-token', token: 't' });
  assert.deepEqual(of({ identityToken: 't', registryToken: 'r' }), { kind: 'registry-token', token: 'r' });
});

test('an empty configuration means none', () => {
  assert.equal(of({}), undefined);
  assert.equal(credentialsOf(undefined), undefined);
});

test('what cannot be read is refused without being quoted', () => {
  const auth = Buffer.from('hunter2').toString('base64');
  assert.throws(
    () => of({ auth }),
    (error: Error) => !error.message.includes(auth) && /auth\.auth/.test(error.message),
  );
});
