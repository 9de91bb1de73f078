import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '@stillframe/core';
import fc from 'fast-check';
import { encodeCapture } from './capture.ts';
import { decodePodCapture, encodePodCapture, type PodCaptureEvidence } from './pod-capture.ts';

const digest = digestOf(new Uint8Array(1));
const part = (name: string, archive = `${name}.tar`) => ({
  container: { name, id: `id-${name}` },
  ...{ archive, size: 10, digest, statement: digest },
});
const evidence: PodCaptureEvidence = {
  pod: { name: 'web', kubeNamespace: 'shop', sandboxID: 's' },
  parts: [part('app'), part('proxy')],
  documents: [{ name: 'pod.options', digest }],
  atomic: true,
  versions: { stillframe: '0' },
  node: { hostname: 'h', kernel: 'k' },
  ...{ startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:01Z' },
};

test('what is said of a pod is read back', () => {
  const { pod, parts, documents, atomic } = evidence;
  assert.deepEqual(decodePodCapture(encodePodCapture(evidence)), { pod, parts, documents, atomic });
});

test('a statement that leads out of the folder, names an archive twice or none is refused', () => {
  const refused = (text: string) => assert.throws(() => decodePodCapture(text), { code: 'ERR_EVIDENCE_INVALID' });
  for (const archive of ['../a.tar', '/a.tar', '..', '', 'a\0.tar'])
    refused(encodePodCapture({ ...evidence, parts: [part('app', archive)] }));
  refused(encodePodCapture({ ...evidence, parts: [part('app', 'a.tar'), part('proxy', 'a.tar')] }));
  refused(encodePodCapture({ ...evidence, parts: [] }));
  refused(encodePodCapture({ ...evidence, documents: [{ name: 'app.tar', digest }] }));
  const capture = {
    archive: { name: 'c.tar', digest, size: 3 },
    container: { id: 'a', name: 'c', podName: 'p', kubeNamespace: 'default', image: 'i', imageID: 'j' },
    ...{ versions: { stillframe: '0' }, node: { hostname: 'h', kernel: 'k' }, startedAt: '', finishedAt: '' },
    ...{ pause: { truePause: null, atMost: null }, options: {}, notCaptured: [] },
  };
  refused(encodeCapture(capture));
  fc.assert(fc.property(fc.json(), (json) => refused(json)));
});
