import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said } from './changes.fixture.ts';
import { bindRow, containerRow, unixRow } from './evidence.fixture.ts';
import { cgroupWritable, containerUnconfined, hostMount, runtimeSocket } from './host-mount.ts';

test('the host’s root is worse than its logs, and writable worse than read-only', () => {
  const mounts = [
    bindRow('/host', '/'),
    bindRow('/host', '/', { flagNames: ['ro'] }),
    bindRow('/etc/host', '/etc/'),
    bindRow('/logs', '/var/log', { flagNames: ['ro'] }),
  ];
  assert.deepEqual(said(hostMount, { mounts }), [
    'critical mount/host',
    'high mount/host',
    'high mount/etc/host',
    'low mount/logs',
  ]);
});

test('what every pod has is none: hosts, resolv.conf, termination log, service account, volumes, its own /proc', () => {
  const pod = '/var/lib/kubelet/pods/7c2f/';
  const mounts = [
    bindRow('/etc/hosts', `${pod}etc-hosts`),
    bindRow('/dev/termination-log', `${pod}containers/web/1`),
    bindRow('/var/run/secrets/kubernetes.io/serviceaccount', `${pod}volumes/kubernetes.io~projected/kube-api-access-x`),
    bindRow('/etc/resolv.conf', '/run/containerd/io.containerd.grpc.v1.cri/sandboxes/1/resolv.conf'),
    bindRow('/etc/hostname', '/var/lib/docker/containers/1/hostname'),
    bindRow('/data', '/srv/data'),
    bindRow('/proc', 'proc', {
      type: 'proc',
      role: 'filesystem',
      external: undefined,
      spec: { destination: '/proc', type: 'proc', source: 'proc', options: [] },
    }),
    bindRow('/', '/', { role: 'root', type: 'overlay', spec: undefined }),
  ];
  assert.deepEqual(said(hostMount, { mounts }), []);
});

test('where the dump has no mounts the specification tells', () => {
  const container = containerRow({
    mounts: [{ destination: '/host', type: 'bind', source: '/root', options: ['rbind', 'ro'] }],
  });
  assert.deepEqual(said(hostMount, { container }), ['medium entry/spec.dump']);
});

test('the socket of a runtime is told, another socket is not', () => {
  const mounts = [bindRow('/var/run/docker.sock', '/run/docker.sock'), bindRow('/run/app.sock', '/run/app.sock')];
  assert.deepEqual(said(runtimeSocket, { mounts }), ['high mount/var/run/docker.sock']);
});

test('a connection to the socket of a runtime is told by who has it', () => {
  const end = unixRow({ fileId: 40, inode: 7, peerInode: 8 });
  const outside = unixRow({
    fileId: 41,
    inode: 8,
    name: '/run/containerd/containerd.sock',
    external: true,
    holders: [],
  });
  const other = unixRow({ fileId: 42, inode: 9, name: '/run/systemd/journal/stdout', external: true, holders: [] });
  assert.deepEqual(said(runtimeSocket, { sockets: [end, outside, other] }), ['high socket/41']);
});

test('a privileged container, and one among the host’s processes, are told; an ordinary one is not', () => {
  const sysfs = bindRow('/sys', 'sysfs', { type: 'sysfs', role: 'filesystem' });
  const open = { maskedPaths: [], readonlyPaths: [] };
  assert.deepEqual(said(containerUnconfined, { container: containerRow(open), mounts: [sysfs] }), [
    'medium entry/spec.dump',
  ]);
  const namespaces = ['mount', 'network', 'ipc'].map((type) => ({ type, path: undefined }));
  assert.deepEqual(said(containerUnconfined, { container: containerRow({ namespaces }) }), ['medium entry/spec.dump']);
  assert.deepEqual(said(containerUnconfined, { container: containerRow({}) }), []);
  assert.deepEqual(said(containerUnconfined, { container: containerRow(undefined) }), []);
});

test('control groups of version 1 are told where they may be written to, worse where an exploit mounts them', () => {
  const cgroup = (mountpoint: string, type: string, flagNames: string[]) =>
    bindRow(mountpoint, '/', { type, flagNames, spec: undefined });
  const mounts = [
    cgroup('/tmp/cgrp', 'cgroup', ['rw']),
    cgroup('/sys/fs/cgroup/rdma', 'cgroup', ['rw']),
    cgroup('/sys/fs/cgroup/memory', 'cgroup', ['ro']),
    cgroup('/sys/fs/cgroup', 'cgroup2', ['rw']),
  ];
  assert.deepEqual(said(cgroupWritable, { mounts }), ['high mount/tmp/cgrp', 'medium mount/sys/fs/cgroup/rdma']);
});
