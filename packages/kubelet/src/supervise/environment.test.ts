import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../manifest/documents.ts';
import { environmentOf, expand } from './environment.ts';

test('$(NAME) is expanded as Kubernetes does', () => {
  const values: Record<string, string> = { A: 'a', EMPTY: '', NESTED: '$(A)' };
  const all = (text: string) => expand(text, (name) => values[name]);
  for (const [text, expanded] of [
    ['$(A)', 'a'],
    ['x$(A)$(A)y', 'xaay'],
    ['$(EMPTY)', ''],
    ['$(NESTED)', '$(A)'],
    ['$(UNKNOWN)', '$(UNKNOWN)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$(A', '$(A'],
    ['$()', '$()'],
  ] as const)
    assert.equal(all(text), expanded, text);
});

const SOURCE = `
{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {k: from map, both: map}}
---
{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {both: secret}}
---
apiVersion: v1
kind: Pod
metadata: {name: p, labels: {tier: web}, annotations: {a/b: c}}
spec:
  containers:
  - name: c
    image: i
    envFrom: [{configMapRef: {name: m}}, {secretRef: {name: s}}, {prefix: X_, secretRef: {name: s}},
      {configMapRef: {name: none, optional: true}}]
    env:
    - {name: PLAIN, value: "$(k) $(LATER)"}
    - {name: LATER, value: later}
    - {name: both, value: own}
    - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
    - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['a/b']"}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: KEY, valueFrom: {configMapKeyRef: {name: m, key: k}}}
    - {name: NONE, valueFrom: {secretKeyRef: {name: s, key: none, optional: true}}}
`;

test('variables come from texts, fields and one another; the last of one name counts', () => {
  const manifest = parseManifest(SOURCE, 'm');
  const { pod } = manifest.pods[0] ?? assert.fail();
  const facts = { pod, uid: 'u', nodeName: 'n', hostIP: '10.0.0.1', podIPs: ['10.1.0.2', 'fd00::2'] };
  const [container] = pod.spec.containers;
  assert.ok(container);
  const env = environmentOf(container, facts, manifest);
  assert.deepEqual(Object.fromEntries([...env].map(([name, bytes]) => [name, Buffer.from(bytes).toString()])), {
    k: 'from map',
    both: 'own',
    X_both: 'secret',
    PLAIN: 'from map $(LATER)',
    LATER: 'later',
    TIER: 'web',
    NOTE: 'c',
    IP: '10.1.0.2',
    IPS: '10.1.0.2,fd00::2',
    NODE: 'n',
    KEY: 'from map',
  });
  const none = { configMaps: new Map(), secrets: new Map() };
  assert.throws(() => environmentOf(container, facts, none), {
    code: 'ERR_KUBELET_CONTAINER',
    message: 'there is no ConfigMap default/m in the manifests',
  });
});
