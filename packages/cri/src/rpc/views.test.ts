import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import type { ContainerStatus, SandboxRecord } from '@stillframe/runtime';
import {
  ContainerSchema,
  ContainerState,
  ContainerStatusSchema,
  NamespaceMode,
  PodSandboxSchema,
  PodSandboxState,
} from '../proto.ts';
import { containerInfo, containerStatusView, containerView } from './container-view.ts';
import { imageView } from './image-view.ts';
import { namespaceOptions, sandboxView } from './sandbox-view.ts';

const id = 'c'.repeat(64);
const record: ContainerStatus['record'] = {
  id,
  sandboxID: 'd'.repeat(64),
  name: 'counter',
  attempt: 1,
  labels: { a: '1' },
  annotations: { b: '2' },
  image: {
    requested: 'busybox',
    name: 'localhost/busybox:1',
    id: 'a'.repeat(64),
    repoDigests: ['localhost/busybox@sha256:0'],
  },
  logPath: '/logs/counter/1.log',
  mounts: [{ containerPath: '/data', hostPath: '/srv', readonly: true }],
  resources: {},
  // Beyond 2^53, where a number would lose nanoseconds.
  createdAt: '1764000000123456789',
  startedAt: '1764000001123456789',
  pid: 4711,
};
const status: ContainerStatus = { record, state: 'running', reason: '', message: '' };
const sandbox: SandboxRecord = {
  id: 'd'.repeat(64),
  identity: { name: 'counters', uid: 'uid', kubeNamespace: 'shop', attempt: 2 },
  hostname: 'counters',
  logDirectory: '/logs',
  labels: { a: '1' },
  annotations: {},
  runtimeHandler: 'runc',
  cgroupParent: '',
  namespaces: { net: '/ns/net', ipc: '/ns/ipc', uts: '/ns/uts' },
  createdAt: '1764000000123456789',
  ready: true,
};

test('a container in a list is shown with the image as it was asked for and as it is', () => {
  const view = create(ContainerSchema, containerView(status));
  assert.equal(view.id, id);
  assert.equal(view.podSandboxId, record.sandboxID);
  assert.equal(view.image?.image, 'busybox');
  assert.equal(view.imageRef, 'localhost/busybox@sha256:0');
  assert.equal(view.imageId, record.image.id);
  assert.equal(view.createdAt, 1764000000123456789n);
  assert.equal(view.state, ContainerState.CONTAINER_RUNNING);
  assert.deepEqual([view.metadata?.name, view.metadata?.attempt], ['counter', 1]);
});

test('an image without a digest is referred to by its id', () => {
  const bare = { ...status, record: { ...record, image: { ...record.image, repoDigests: [] } } };
  assert.equal(containerView(bare).imageRef, record.image.id);
});

test('the status tells how a container ended; what is not known is zero', () => {
  const running = create(ContainerStatusSchema, containerStatusView(status));
  assert.deepEqual([running.startedAt, running.finishedAt, running.exitCode], [1764000001123456789n, 0n, 0]);
  const ended = {
    ...status,
    state: 'exited',
    exitCode: 137,
    finishedAt: '1764000002000000001',
    reason: 'Error',
  } as const;
  const view = create(ContainerStatusSchema, containerStatusView(ended));
  assert.deepEqual(
    [view.state, view.exitCode, view.finishedAt, view.reason],
    [ContainerState.CONTAINER_EXITED, 137, 1764000002000000001n, 'Error'],
  );
  assert.deepEqual(
    view.mounts.map(({ containerPath, hostPath, readonly }) => [containerPath, hostPath, readonly]),
    [['/data', '/srv', true]],
  );
  const { startedAt: _none, ...unstarted } = record;
  const created = containerStatusView({ ...status, state: 'created', record: unstarted });
  assert.deepEqual([created.state, created.startedAt], [ContainerState.CONTAINER_CREATED, 0n]);
});

test('the verbose part is JSON with CRI-O’s names of what a restore came from', () => {
  const plain = JSON.parse(containerInfo(status)['info'] ?? '');
  assert.deepEqual(plain, { pid: 4711, sandboxID: record.sandboxID, restored: false });
  const restore = {
    requested: '/a.tar',
    engine: 'cri-o',
    checkpointedAt: '2026-11-24T01:02:03Z',
    sourceContainerID: id,
  };
  const restored = JSON.parse(containerInfo({ ...status, record: { ...record, restore } })['info'] ?? '');
  assert.deepEqual(
    [restored.restored, restored.checkpointedAt, restored.restoredFrom],
    [true, restore.checkpointedAt, restore],
  );
});

test('a sandbox is shown with its Kubernetes identity', () => {
  const view = create(PodSandboxSchema, sandboxView(sandbox));
  assert.deepEqual([view.metadata?.name, view.metadata?.namespace, view.metadata?.attempt], ['counters', 'shop', 2]);
  assert.equal(view.state, PodSandboxState.SANDBOX_READY);
  assert.equal(view.createdAt, 1764000000123456789n);
  assert.equal(sandboxView({ ...sandbox, ready: false }).state, PodSandboxState.SANDBOX_NOTREADY);
});

test('a namespace that a sandbox lacks is the host’s', () => {
  assert.deepEqual(namespaceOptions(sandbox), {
    network: NamespaceMode.POD,
    ipc: NamespaceMode.POD,
    pid: NamespaceMode.CONTAINER,
  });
  const { network, ipc } = namespaceOptions({ ...sandbox, namespaces: {} });
  assert.deepEqual([network, ipc], [NamespaceMode.NODE, NamespaceMode.NODE]);
});

test('an image is shown with its names, and a size that may exceed 32 bits', () => {
  const image = { id: 'a'.repeat(64), names: ['busybox:1'], repoDigests: ['busybox@sha256:0'], size: 2 ** 40 };
  const view = imageView(image as Parameters<typeof imageView>[0], false);
  assert.deepEqual(
    [view.id, view.repoTags, view.repoDigests, view.size],
    [image.id, image.names, image.repoDigests, 1n << 40n],
  );
});
