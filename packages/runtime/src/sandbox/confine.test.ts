import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRequest } from '../container/request.ts';
import type { SandboxRecord } from '../store/records.ts';
import { confine } from './confine.ts';

const request = {
  mounts: [
    { containerPath: '/data', hostPath: '/srv', readonly: false },
    { containerPath: '/etc/app', hostPath: '/srv/etc', readonly: true },
  ],
  resources: {},
  security: { privileged: false, capabilities: { add: [], drop: [] } },
} as unknown as ContainerRequest;
const forensic = { annotations: { 'io.stillframe.sandbox': 'forensic' } } as unknown as SandboxRecord;
const plain = { annotations: {} } as unknown as SandboxRecord;
const needs = { memory: 1 << 30, tasks: 40 };

test('another sandbox takes a request as it is', () => {
  assert.deepEqual(confine(plain, request, needs), { request, notes: [] });
});

test('mounts become read-only and limits are set that leave room for what is there', () => {
  const confined = confine(forensic, request, needs);
  assert.deepEqual(
    confined.request.mounts.map(({ readonly }) => readonly),
    [true, true],
  );
  assert.deepEqual(confined.notes, ['mount at /data: read-only in a forensic sandbox']);
  assert.deepEqual(confined.request.resources, {
    ...{ memoryLimitInBytes: (1 << 30) + (512 << 20), pidsLimit: 296, cpuPeriod: 100_000, cpuQuota: 100_000 },
  });
});

test('limits of the request are kept', () => {
  const resources = { memoryLimitInBytes: 1, pidsLimit: 2, cpuQuota: 3, cpuPeriod: 4 };
  assert.deepEqual(confine(forensic, { ...request, resources }, needs).request.resources, resources);
});

test('what would be a way out is refused', () => {
  const { security } = request;
  const open: Partial<ContainerRequest>[] = [
    { security: { ...security, privileged: true } },
    { security: { ...security, pid: 'node' } },
    { security: { ...security, capabilities: { add: ['SYS_ADMIN'], drop: [] } } },
    { security: { ...security, capabilities: { add: [], drop: [], ambient: ['NET_RAW'] } } },
    { devices: [{ hostPath: '/dev/sda', containerPath: '', permissions: '' }] },
    { mounts: [{ containerPath: '/m', hostPath: '/m', readonly: true, propagation: 'bidirectional' }] },
  ];
  for (const more of open) {
    assert.throws(() => confine(forensic, { ...request, ...more }, needs), { code: 'ERR_CONTAINER_INVALID' });
    assert.ok(confine(plain, { ...request, ...more }, needs));
  }
});
