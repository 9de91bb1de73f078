import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, isCode } from '@stillframe/core';
import fc from 'fast-check';
import { type CaptureEvidence, decodeCapture, encodeCapture } from './capture.ts';

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
  });
  const live = { ...evidence, options: { rootfsDiff: 'live' } };
  assert.equal(decodeCapture(encodeCapture(live)).rootfs, 'live');
});

test('what is missing or of another type is not known: shares of the pause, image, container', () => {
  const pause = { truePause: 120, dump: -1, rootfsDiff: 'long' } as unknown as CaptureEvidence['pause'];
  const container = { name: 'c' } as CaptureEvidence['container'];
  const read = decodeCapture(encodeCapture({ ...evidence, container, pause, options: { rootfsDiff: 'sometimes' } }));
  assert.deepEqual(Object.keys(read).sort(), [
    ...['altered', 'digest', 'name', 'notCaptured', 'signed', 'size', 'truePause'],
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
