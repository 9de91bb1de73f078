import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { decodeEnvelope, type Envelope, encodeEnvelope } from './envelope.ts';
import { makeSigningKey, publicPemOf, readSigningKey, readVerifyingKey } from './key.ts';
import { preAuthEncoding, signEnvelope, signEnvelopeText } from './sign.ts';
import { verifyEnvelope } from './verify.ts';

const envelope: Envelope = {
  payloadType: 'http://example.com/HelloWorld',
  payload: Buffer.from('hello world'),
  signatures: [],
};
const keyOf = (kind: 'ed25519' | 'p256') => readSigningKey(makeSigningKey(kind));

test('what is signed is encoded as the specification of DSSE has it', () => {
  const text = Buffer.from(preAuthEncoding(envelope.payloadType, envelope.payload)).toString();
  assert.equal(text, 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
});

for (const kind of ['ed25519', 'p256'] as const) {
  test(`a ${kind} signature holds with its public key, and with no other one`, () => {
    const key = keyOf(kind);
    const signed = decodeEnvelope(signEnvelopeText(encodeEnvelope(envelope), key));
    const trusted = readVerifyingKey(publicPemOf(key));
    assert.deepEqual(verifyEnvelope(signed, [keyOf('p256'), trusted]), [{ keyid: key.id, state: 'valid', by: key.id }]);
    assert.deepEqual(verifyEnvelope(signed, [keyOf(kind)]), [{ keyid: key.id, state: 'unknown' }]);
    const anonymous = { ...signed, signatures: signed.signatures.map(({ sig }) => ({ sig })) };
    assert.equal(verifyEnvelope(anonymous, [trusted])[0]?.by, key.id);
  });

  test(`openssl finds a ${kind} signature and the key’s id right`, async () => {
    await using folder = await openTemporaryFolder(tmpdir());
    const at = (name: string) => join(folder.path, name);
    const key = keyOf(kind);
    const [signature] = signEnvelope(envelope, key).signatures;
    await writeFile(at('key.pub'), publicPemOf(key));
    await writeFile(at('signed'), preAuthEncoding(envelope.payloadType, envelope.payload));
    await writeFile(at('sig'), Buffer.from(signature?.sig ?? '', 'base64'));
    const how = kind === 'p256' ? ['-digest', 'sha256'] : [];
    const raw = [
      '-verify',
      '-pubin',
      '-inkey',
      at('key.pub'),
      '-rawin',
      ...how,
      '-sigfile',
      at('sig'),
      '-in',
      at('signed'),
    ];
    assert.match(execFileSync('openssl', ['pkeyutl', ...raw]).toString(), /Verified Successfully/);
    const der = execFileSync('openssl', ['pkey', '-pubin', '-in', at('key.pub'), '-outform', 'DER']);
    assert.ok(execFileSync('openssl', ['dgst', '-sha256'], { input: der }).toString().includes(key.id));
  });
}

test('a byte that differs in payload, type or signature makes it invalid', () => {
  const key = keyOf('p256');
  const signed = signEnvelope(envelope, key);
  const [{ sig } = { sig: '' }] = signed.signatures;
  const states = (changed: Partial<Envelope>) =>
    verifyEnvelope({ ...signed, ...changed }, [key]).map(({ state }) => state);
  assert.deepEqual(states({}), ['valid']);
  assert.deepEqual(states({ payload: Buffer.from('hello worlD') }), ['invalid']);
  assert.deepEqual(states({ payloadType: 'http://example.com/HelloWorlD' }), ['invalid']);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Buffer.from(sig, 'base64');
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ change;
      assert.deepEqual(states({ signatures: [{ keyid: key.id, sig: bytes.toString('base64') }] }), ['invalid']);
    }),
  );
});

test('signing again replaces the key’s own signature and keeps those of others', () => {
  const [first, second] = [keyOf('ed25519'), keyOf('p256')];
  const twice = signEnvelope(signEnvelope(signEnvelope(envelope, first), second), first);
  assert.deepEqual(
    verifyEnvelope(twice, [first, second]).map(({ by }) => by),
    [second.id, first.id],
  );
});

test('keys of other kinds and what is no key are refused, and a key file may be a private one where a public one is asked for', () => {
  const key = makeSigningKey('p256');
  assert.equal(readVerifyingKey(key).id, readSigningKey(key).id);
  const rsa = String(
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
  );
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  for (const pem of ['', 'no key', rsa, String(curve.export({ format: 'pem', type: 'pkcs8' })), 'x'.repeat(1 << 17)]) {
    assert.throws(
      () => readSigningKey(pem),
      (e) => isCode(e, 'ERR_EVIDENCE_KEY'),
    );
    assert.throws(
      () => readVerifyingKey(pem),
      (e) => isCode(e, 'ERR_EVIDENCE_KEY'),
    );
  }
});
