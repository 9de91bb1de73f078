import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isCode } from '@stillframe/core';
import fc from 'fast-check';
import { addAskers } from './add-askers.ts';
import { type CaptureAsker, MOST_ASKERS } from './askers.ts';
import { type CaptureEvidence, decodeCapture, encodeCapture } from './capture.ts';
import { decodeEnvelope } from './envelope.ts';
import { makeSigningKey, readSigningKey } from './key.ts';
import { signEnvelopeText } from './sign.ts';
import { verifyEnvelope } from './verify.ts';

const evidence: CaptureEvidence = {
  archive: { name: 'c.tar', digest: digestOf(new Uint8Array(3)), size: 3 },
  container: { id: 'a', name: 'c', podName: 'p', kubeNamespace: 'default', image: 'i', imageID: 'j' },
  versions: { stillframe: '0', ociRuntime: 'runc 1', criu: '4.2' },
  node: { hostname: 'h', kernel: 'k' },
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:00:01Z',
  pause: { truePause: 120, dump: 100, rootfsDiff: 10 },
  options: {},
  notCaptured: ['content of /data'],
};

test('what a capture says of itself is read back', () => {
  const { name, digest, size } = evidence.archive;
  const shares = { truePause: 120, dump: 100, rootfsDiff: 10 };
  const container = { name: 'c', podName: 'p', kubeNamespace: 'default' };
  assert.deepEqual(decodeCapture(encodeCapture(evidence)), {
    ...{ name, digest, size, ...shares, image: 'i', container },
    ...{ notCaptured: ['content of /data'], altered: [], signed: false },
    ...{ startedAt: evidence.startedAt, finishedAt: evidence.finishedAt },
  });
  const live = { ...evidence, options: { rootfsDiff: 'live' } };
  assert.equal(decodeCapture(encodeCapture(live)).rootfs, 'live');
});

test('what is missing or of another type is not known: shares of the pause, image, container', () => {
  const pause = { truePause: 120, dump: -1, rootfsDiff: 'long' } as unknown as CaptureEvidence['pause'];
  const container = { name: 'c' } as CaptureEvidence['container'];
  const read = decodeCapture(encodeCapture({ ...evidence, container, pause, options: { rootfsDiff: 'sometimes' } }));
  assert.deepEqual(Object.keys(read).sort(), [
    ...['altered', 'digest', 'finishedAt', 'name', 'notCaptured', 'signed', 'size', 'startedAt', 'truePause'],
  ]);
});

test('a changed, cut or foreign text is refused with a code, never half read', () => {
  const text = encodeCapture(evidence);
  const invalid = (wrong: string) =>
    assert.throws(
      () => decodeCapture(wrong),
      (e) => isCode(e, 'ERR_EVIDENCE_INVALID'),
    );
  for (let end = 0; end < text.length - 2; end += 1) invalid(text.slice(0, end));
  for (const wrong of ['null', '[]', '{}', '{"payloadType":"x","payload":"e30=","signatures":[]}']) invalid(wrong);
  fc.assert(fc.property(fc.json(), (json) => invalid(json)));
});

test('a pause that the runtime does not tell is none, or at most so long; digests say that they came later', () => {
  const digests = {
    taken: 'after-writing',
    by: { user: 'ada', host: 'h', tool: 'stillframe 0' },
    ...{
      at: '2026-01-01T00:00:02Z',
      until: '2026-01-01T00:00:03Z',
      writtenAt: '2026-01-01T00:00:01Z',
      after: 1_000_000,
    },
  } as const;
  const untold = (atMost: number | null) =>
    decodeCapture(encodeCapture({ ...evidence, digests, pause: { truePause: null, atMost } }));
  const { truePause, pauseAtMost, digests: read } = untold(4000);
  assert.deepEqual([truePause, pauseAtMost, read], [undefined, 4000, digests]);
  assert.equal(untold(null).pauseAtMost, undefined);
  // A statement that says nothing at all of the pause is damaged.
  const pause = {} as unknown as CaptureEvidence['pause'];
  assert.throws(() => decodeCapture(encodeCapture({ ...evidence, pause })), { code: 'ERR_EVIDENCE_INVALID' });
});

const asker = (user: string): CaptureAsker => ({
  user,
  authenticated: true,
  time: '2026-01-01T00:00:00Z',
  from: '::1',
});
const predicateOf = (text: string) => JSON.parse(new TextDecoder().decode(decodeEnvelope(text).payload)).predicate;

test('who asked is added to a statement, which is signed anew by whoever had signed it alone', () => {
  const [key, other] = [readSigningKey(makeSigningKey()), readSigningKey(makeSigningKey())];
  const text = encodeCapture(evidence);
  const signed = addAskers(signEnvelopeText(text, key), [asker('ada'), asker('bob')], key);
  assert.deepEqual(
    verifyEnvelope(decodeEnvelope(signed), [key]).map(({ state }) => state),
    ['valid'],
  );
  assert.deepEqual(predicateOf(signed).askedBy, [asker('ada'), asker('bob')]);
  assert.deepEqual({ ...decodeCapture(signed), signed: false }, decodeCapture(text));
  assert.deepEqual(decodeEnvelope(addAskers(text, [asker('ada')], key)).signatures, []);
  const refused = (wrong: string) =>
    assert.throws(() => addAskers(wrong, [asker('eve')], key), { code: 'ERR_EVIDENCE_INVALID' });
  refused(signEnvelopeText(text, other));
  refused(signEnvelopeText(signEnvelopeText(text, key), other));
  const { payload, ...rest } = JSON.parse(signEnvelopeText(text, key));
  const forged = Buffer.from(String(Buffer.from(payload, 'base64')).replace('"h"', '"x"')).toString('base64');
  refused(JSON.stringify({ ...rest, payload: forged }));
});

test('of very many askers the first are listed, and all are counted', () => {
  const { askedBy, askerCount } = predicateOf(encodeCapture({ ...evidence, askedBy: Array(1000).fill(asker('ada')) }));
  assert.deepEqual([askedBy.length, askerCount], [MOST_ASKERS, 1000]);
});

test('a statement of another type, or with sizes that no file has, is no capture’s', () => {
  const envelope = JSON.parse(encodeCapture(evidence));
  const changed = (from: string, to: string, payloadType = envelope.payloadType) => {
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace(from, to);
    return JSON.stringify({ ...envelope, payloadType, payload: Buffer.from(payload).toString('base64') });
  };
  const refused = (text: string) => assert.throws(() => decodeCapture(text), { code: 'ERR_EVIDENCE_INVALID' });
  assert.equal(decodeCapture(changed('', '')).size, 3);
  refused(changed('', '', 'application/vnd.stillframe.custody.v1+json'));
  refused(changed('capture:v1', 'capture:v2'));
  refused(changed('Statement/v1', 'Statement/v9'));
  refused(changed('"truePause":120', '"truePause":1e999'));
  refused(changed('"predicate":{', `"deep":${'['.repeat(100_000)},"predicate":{`));
  assert.equal(decodeCapture(changed('"size":3', '"size":1e999')).size, undefined);
});
