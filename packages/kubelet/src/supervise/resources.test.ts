import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../manifest/documents.ts';
import { limitsOf, qosClass } from './resources.ts';

const GIB = 2 ** 30;

function limits(resources: object, spec: object = {}) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
  const containers = [{ name: 'c', image: 'i', resources }];
  const one = parseManifest(JSON.stringify({ ...pod, spec: { containers, ...spec } }), 'm').pods[0]?.pod;
  const [container] = one?.spec.containers ?? [];
  assert.ok(one && container);
  const { hugepageLimits, ...numbers } = limitsOf(container, one, 4 * GIB);
  return [qosClass(one), ...Object.values(numbers).map(Number), ...hugepageLimits.map(({ pageSize }) => pageSize)];
}

test('requests and limits become what a kubelet makes of them', () => {
  // Class, period, quota, shares, memory, oom_score_adj.
  assert.deepEqual(limits({}), ['BestEffort', 0, 0, 2, 0, 1000]);
  assert.deepEqual(limits({ limits: { cpu: '500m', memory: '1Gi' } }), ['Guaranteed', 100_000, 50_000, 512, GIB, -997]);
  assert.deepEqual(limits({ requests: { cpu: '250m', memory: '1Gi' } }), ['Burstable', 0, 0, 256, 0, 750]);
  assert.deepEqual(limits({ limits: { cpu: 2 }, requests: { cpu: 1 } }), ['Burstable', 100_000, 200_000, 1024, 0, 999]);
  assert.deepEqual(limits({ limits: { cpu: '1m' } }), ['Burstable', 100_000, 1000, 2, 0, 999]);
  assert.deepEqual(limits({ requests: { memory: '8Gi' } }), ['Burstable', 0, 0, 2, 0, 3]);
  assert.deepEqual(limits({ requests: { cpu: 1000 } }), ['Burstable', 0, 0, 262_144, 0, 999]);
  assert.deepEqual(limits({ limits: { 'hugepages-2Mi': '4Mi' } }), ['BestEffort', 0, 0, 2, 0, 1000, '2MB']);
  assert.deepEqual(limits({}, { priorityClassName: 'system-node-critical' }).at(-1), -997);
});
