import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type ContainerConfig, ContainerConfigSchema } from '../proto.ts';
import { containerRequest } from './container-request.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const least = { metadata: { name: 'counter' }, image: { image: 'busybox' } };
type Init = Exclude<MessageInitShape<typeof ContainerConfigSchema>, ContainerConfig>;
const requestOf = (more: Init = {}) => containerRequest(create(ContainerConfigSchema, { ...least, ...more }));

test('name and image suffice; everything else has its default', () => {
  assert.deepEqual(requestOf(), {
    name: 'counter',
    attempt: 0,
    image: 'busybox',
    command: [],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: '',
    stdin: false,
    terminal: false,
    resources: {},
    security: {
      privileged: false,
      readonlyRootfs: false,
      noNewPrivileges: false,
      capabilities: { add: [], drop: [] },
      supplementalGroups: [],
    },
  });
});

test('what the CRI demands and is missing is named', () => {
  const missing = (changes: Init, name: string) =>
    assert.throws(() => containerRequest(create(ContainerConfigSchema, changes)), {
      code: 'ERR_CRI_REQUEST_INVALID',
      kind: 'invalid-argument',
      message: `attribute "${name}" missing`,
    });
  missing({ image: least.image }, 'metadata');
  missing({ metadata: {}, image: least.image }, 'metadata.name');
  missing({ metadata: least.metadata }, 'image');
  missing({ metadata: least.metadata, image: {} }, 'image');
});

test('values of variables are bytes on the wire, and arrive as their text', () => {
  const { env } = requestOf({
    envs: [
      { key: 'PLAIN', value: bytes('a=b c') },
      { key: 'EMPTY', value: new Uint8Array() },
      { key: 'WIDE', value: bytes('Füße 日本 🦊') },
      { key: 'MARKED', value: bytes('\ufeffkept') },
    ],
  });
  assert.deepEqual(env, [
    { key: 'PLAIN', value: 'a=b c' },
    { key: 'EMPTY', value: '' },
    { key: 'WIDE', value: 'Füße 日本 🦊' },
    { key: 'MARKED', value: '\ufeffkept' },
  ]);
});

test('bytes that are no text are refused, not silently changed', () => {
  assert.throws(() => requestOf({ envs: [{ key: 'RAW', value: Uint8Array.of(0x61, 0xff) }] }), {
    code: 'ERR_CRI_REQUEST_INVALID',
    message: 'the value of variable "RAW" is not UTF-8',
  });
});

test('command, mounts, labels and log come over as they are', () => {
  const request = requestOf({
    metadata: { name: 'counter', attempt: 3 },
    command: ['sh'],
    args: ['-c', 'true'],
    workingDir: '/srv',
    mounts: [{ containerPath: '/data', hostPath: '/srv/data', readonly: true }],
    labels: { a: '1' },
    annotations: { b: '2' },
    logPath: 'counter/3.log',
    stdin: true,
    tty: true,
  });
  assert.deepEqual(
    [request.attempt, request.command, request.args, request.workingDir],
    [3, ['sh'], ['-c', 'true'], '/srv'],
  );
  assert.deepEqual(request.mounts, [{ containerPath: '/data', hostPath: '/srv/data', readonly: true }]);
  assert.deepEqual([request.labels, request.annotations, request.logPath], [{ a: '1' }, { b: '2' }, 'counter/3.log']);
  assert.deepEqual([request.stdin, request.terminal], [true, true]);
});

test('a mount of an image names the image and the part of it', () => {
  const mount = { containerPath: '/model', readonly: true, image: { image: 'model:1' }, imageSubPath: 'weights' };
  assert.deepEqual(requestOf({ mounts: [mount] }).mounts, [
    { containerPath: '/model', hostPath: '', readonly: true, image: { reference: 'model:1', subPath: 'weights' } },
  ]);
});

test('resources and security are numbers and plain values', () => {
  const { resources, security } = requestOf({
    linux: {
      resources: { cpuPeriod: 100_000n, cpuQuota: 50_000n, cpuShares: 512n, memoryLimitInBytes: 1n << 40n },
      securityContext: {
        privileged: true,
        readonlyRootfs: true,
        noNewPrivs: true,
        capabilities: { addCapabilities: ['SYS_PTRACE'], dropCapabilities: ['ALL'] },
        runAsUser: { value: 0n },
        runAsGroup: { value: 7n },
        supplementalGroups: [8n, 9n],
      },
    },
  });
  assert.deepEqual(resources, { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512, memoryLimitInBytes: 2 ** 40 });
  assert.deepEqual(security, {
    privileged: true,
    readonlyRootfs: true,
    noNewPrivileges: true,
    capabilities: { add: ['SYS_PTRACE'], drop: ['ALL'] },
    runAsUser: 0,
    runAsGroup: 7,
    supplementalGroups: [8, 9],
  });
  assert.equal(requestOf({ linux: { securityContext: { runAsUsername: 'app' } } }).security.runAsUsername, 'app');
});
