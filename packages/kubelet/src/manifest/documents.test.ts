import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseManifest } from './documents.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
};

/** The pod with something put at a path such as `spec.containers[0].env`. */
function podWith(path: string, value: unknown): string {
  const pod = structuredClone(POD) as unknown as Record<string, unknown>;
  const steps = path.split(/[.[\]]+/).filter(Boolean);
  const last = steps.pop() ?? '';
  let here = pod;
  for (const step of steps) {
    here[step] ??= {};
    here = here[step] as Record<string, unknown>;
  }
  here[last] = value;
  return JSON.stringify(pod);
}

const C = 'spec.containers[0]';
const PROBE = { exec: { command: ['true'] } };

/** Path of a field, what is written there, and how it is refused. */
const REFUSALS: readonly (readonly [string, unknown, string])[] = [
  ['spec.containers[0].lifecycl', {}, 'spec.containers[0].lifecycl: unknown field'],
  ['spec.restartpolicy', 'Never', 'spec.restartpolicy: unknown field'],
  [
    'metadata.name',
    'Upper',
    'metadata.name: must be a DNS subdomain (lower-case letters, digits and hyphens, dots, at most 253)',
  ],
  [
    'metadata.name',
    '../p',
    'metadata.name: must be a DNS subdomain (lower-case letters, digits and hyphens, dots, at most 253)',
  ],
  [
    'metadata.namespace',
    'a.b',
    'metadata.namespace: must be a DNS label (lower-case letters, digits and hyphens, at most 63)',
  ],
  ['metadata.uid', 'u', 'metadata.uid: is not honoured here: it is made of the manifest'],
  ['metadata.labels', { 'a b': 'c' }, 'metadata.labels[a b]: is not a qualified name'],
  ['spec.containers', [], 'spec.containers: must have an entry'],
  ['spec.affinity', { nodeAffinity: {} }, 'spec.affinity: is not honoured here: there is no other node to choose'],
  ['spec.nodeSelector', { a: 'b' }, 'spec.nodeSelector: is not honoured here: there is no other node to choose'],
  [
    'spec.serviceAccountName',
    'robot',
    'spec.serviceAccountName: is not honoured here: there are no accounts of services',
  ],
  [
    'spec.automountServiceAccountToken',
    true,
    'spec.automountServiceAccountToken: is not honoured here: there is no API server to give tokens',
  ],
  ['spec.hostUsers', false, 'spec.hostUsers: is not honoured here: pods of manifests have the users of the host'],
  ['spec.restartPolicy', 'Sometimes', 'spec.restartPolicy: must be one of Always, OnFailure, Never'],
  ['spec.activeDeadlineSeconds', 5, 'spec.activeDeadlineSeconds: is not honoured here: pods run until they end'],
  ['spec.dnsPolicy', 'None', 'spec.dnsConfig.nameservers: must be given for dnsPolicy: None'],
  [
    'spec.volumes',
    [{ name: 'v', nfs: { server: 'x', path: '/' } }],
    'spec.volumes[0].nfs: is not honoured here: only emptyDir, hostPath, image and volumes of files',
  ],
  ['spec.volumes', [{ name: 'v' }], 'spec.volumes[0]: must have exactly one of emptyDir, hostPath, image, configMap'],
  [
    'spec.volumes',
    [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    'spec.volumes[0].emptyDir.sizeLimit: is not honoured here: only with medium: Memory',
  ],
  [
    'spec.volumes',
    [{ name: 'v', emptyDir: { medium: 'HugePages' } }],
    'spec.volumes[0].emptyDir.medium: must be one of "", Memory',
  ],
  [
    'spec.volumes',
    [{ name: 'v', configMap: { name: 'm', items: [{ key: 'k', path: '../x' }] } }],
    'spec.volumes[0].configMap.items[0].path: must be a relative path that does not begin with `..`',
  ],
  [
    'spec.volumes',
    [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
    'spec.volumes[0].projected.sources[0].serviceAccountToken: is not honoured here: there is no API server to give tokens',
  ],
  [
    `${C}.volumeMounts`,
    [{ name: 'v', mountPath: '/v' }],
    'spec.containers[0].volumeMounts[0].name: is no volume of this pod',
  ],
  [
    `${C}.volumeMounts`,
    [{ name: 'v', mountPath: 'v' }],
    'spec.containers[0].volumeMounts[0].mountPath: must be an absolute path without `:`',
  ],
  [`${C}.image`, 'a b', 'spec.containers[0].image: must be an image or the absolute path of an archive'],
  [
    `${C}.restartPolicy`,
    'Always',
    'spec.containers[0].restartPolicy: is not honoured here: of a container that is no init container, only that of the pod',
  ],
  [
    `${C}.env`,
    [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } }],
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: must be one of metadata.name',
  ],
  [
    `${C}.env`,
    [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }],
    'spec.containers[0].env[0].valueFrom.resourceFieldRef: is not honoured here: limits are not told to containers',
  ],
  [`${C}.env`, [{ name: 'A', value: 1 }], 'spec.containers[0].env[0].value: must be a text'],
  [
    `${C}.resources`,
    { limits: { 'nvidia.com/gpu': 1 } },
    'spec.containers[0].resources.limits.nvidia.com/gpu: is not honoured here: only cpu, memory and hugepages-SIZE',
  ],
  [
    `${C}.resources`,
    { limits: { cpu: 'much' } },
    'spec.containers[0].resources.limits.cpu: must be a quantity such as 250m or 64Mi',
  ],
  [
    `${C}.resources`,
    { limits: { cpu: 1 }, requests: { cpu: 2 } },
    'spec.containers[0].resources.requests.cpu: must not be more than the limit',
  ],
  [
    `${C}.livenessProbe`,
    {},
    'spec.containers[0].livenessProbe: must have exactly one of exec, httpGet, tcpSocket, grpc',
  ],
  [
    `${C}.livenessProbe`,
    { ...PROBE, successThreshold: 2 },
    'spec.containers[0].livenessProbe.successThreshold: must be a whole number from 1 to 1',
  ],
  [`${C}.livenessProbe`, { httpGet: { port: 'web' } }, 'spec.containers[0].livenessProbe: there is no port called web'],
  [
    `${C}.livenessProbe`,
    { httpGet: { port: 80, path: '/a b' } },
    'spec.containers[0].livenessProbe.httpGet.path: must be a path without blanks',
  ],
  [
    `${C}.lifecycle`,
    { preStop: { tcpSocket: { port: 1 } } },
    'spec.containers[0].lifecycle.preStop.tcpSocket: is not honoured here: Kubernetes itself has given hooks by tcpSocket up',
  ],
  [
    `${C}.securityContext`,
    { capabilities: { add: ['CAP_X!'] } },
    'spec.containers[0].securityContext.capabilities.add[0]: must be a capability without CAP_, or ALL',
  ],
  [
    `${C}.securityContext`,
    { seccompProfile: { type: 'Localhost' } },
    'spec.containers[0].securityContext.seccompProfile.localhostProfile: must be given for the type Localhost and for no other',
  ],
  [
    `${C}.securityContext`,
    { privileged: true, allowPrivilegeEscalation: false },
    'spec.containers[0].securityContext.allowPrivilegeEscalation: must not be false beside privileged',
  ],
  ['spec.initContainers', [{ name: 'c', image: 'i' }], 'spec.containers[0].name: is taken by another container'],
  [
    'spec.initContainers',
    [{ name: 'd', image: 'i', livenessProbe: PROBE }],
    'spec.initContainers[0].livenessProbe: must stand beside restartPolicy: Always in an init container',
  ],
];

describe('a manifest is refused, by the path of what is wrong, where', () => {
  for (const [path, value, words] of REFUSALS) {
    test(`${path} is ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => parseManifest(podWith(path, value), 'm.yaml'),
        (error: Error & { code: string }) => {
          assert.ok(error.message.includes(words), error.message);
          return error.code === 'ERR_KUBELET_MANIFEST' && error.message.startsWith('m.yaml: ');
        },
      );
    });
  }
});

test('what changes nothing here passes: exported documents, and what says nothing', () => {
  for (const [path, value] of [
    ['status', { phase: 'Running' }],
    ['metadata.creationTimestamp', null],
    ['metadata.managedFields', [{}]],
    ['spec.affinity', {}],
    ['spec.tolerations', [{ operator: 'Exists' }]],
    ['spec.nodeName', 'here'],
    ['spec.enableServiceLinks', false],
    ['spec.serviceAccountName', 'default'],
    ['spec.automountServiceAccountToken', false],
    ['spec.hostUsers', true],
    ['spec.imagePullSecrets', []],
  ] as const) {
    assert.equal(parseManifest(podWith(path, value), 'm').pods.length, 1, path);
  }
});

test('YAML is that of Kubernetes: 1.1, so that a mode may begin with 0', () => {
  const source = `
apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {day: 2024-01-01, at: 12:30}}
spec:
  hostNetwork: yes
  volumes: [{name: v, secret: {secretName: s, defaultMode: 0440}}]
  containers: [{name: c, image: i}]
---
{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "aGk="}, "stringData": {"b": "ho"}}
---
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: m, namespace: ns}, data: {k: v}, binaryData: {b: AAE=}}
`;
  const { pods, secrets, configMaps } = parseManifest(source, 'm');
  const [pod] = pods;
  assert.equal(pod?.pod.spec.hostNetwork, true);
  assert.equal(pod.pod.spec.volumes[0]?.secret?.defaultMode, 0o440);
  assert.deepEqual(pod.pod.metadata.annotations, { day: '2024-01-01', at: '12:30' });
  assert.deepEqual(
    [...(secrets.get('default/s') ?? [])].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]),
    [
      ['a', 'hi'],
      ['b', 'ho'],
    ],
  );
  assert.deepEqual([...(configMaps.get('ns/m')?.keys() ?? [])], ['b', 'k']);
});

test('hostile files end as faults: bombs, depth, size, duplicate keys, other kinds', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, i) => {
      const before = 'abcdefgh'[i];
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`;
    }),
  ].join('\n');
  for (const [source, words] of [
    [bomb, /alias/i],
    ['['.repeat(20_000), /./],
    [' '.repeat((1 << 20) + 1), /more than 1048576 bytes/],
    ['---\na: 1\n'.repeat(300), /more than 200 documents/],
    ['kind: Pod\nkind: Pod\n', /unique/],
    ['kind: Deployment', /Deployment is none of Pod, ConfigMap, Secret/],
    ['- 1', /kind: must be one of/],
    ['kind: !!js/function x', /unresolved tag/i],
    ['kind: Pod\nspec: {a: 1, a: 2}\n', /unique at line 2, column 14$/],
    ['!!set {kind, Pod}', /unresolved tag/i],
    [`${JSON.stringify(POD)}\n---\n${JSON.stringify(POD)}`, /the pod default\/p stands there twice/],
  ] as const) {
    assert.throws(() => parseManifest(source, 'm'), { code: 'ERR_KUBELET_MANIFEST', message: words });
  }
});

test('a file of the largest size is read in seconds, whatever it is made of', () => {
  const lines = (text: (i: number) => string) => Array.from({ length: 30_000 }, (_, i) => text(i)).join('\n');
  const shapes = {
    keys: lines((i) => `k${i}: 1`),
    flow: `{${lines((i) => `k${i}: 1,`)}}`,
    set: `!!set\n${lines((i) => `? k${i}`)}`,
    omap: `!!omap\n${lines((i) => `- k${i}: 1`)}`,
    merged: `x: &x {${lines((i) => `k${i}: 1,`)}}\ny: {<<: *x, z: 1}`,
    documents: lines(() => '--- a'),
  };
  for (const [name, source] of Object.entries(shapes)) {
    const began = performance.now();
    assert.throws(() => parseManifest(source, 'm'), { code: 'ERR_KUBELET_MANIFEST' }, name);
    // Comparing each key with every other took 15 s and more.
    assert.ok(performance.now() - began < 30_000, `${name}: ${performance.now() - began} ms`);
  }
});

test('whatever a document says, the answer is a manifest or a fault', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('spec', 'metadata', C, `${C}.env`, 'spec.volumes'), (value, path) => {
      try {
        parseManifest(podWith(path, value), 'm');
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_KUBELET_MANIFEST');
      }
    }),
    { numRuns: 300 },
  );
});
