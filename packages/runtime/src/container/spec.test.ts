import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSpec, type SpecFacts } from './spec.ts';

const facts: SpecFacts = {
  args: ['sh'],
  env: ['A=1'],
  cwd: '/work',
  user: { uid: 1, gid: 2, additionalGids: [3] },
  terminal: false,
  readonlyRootfs: true,
  privileged: false,
  security: { process: { noNewPrivileges: true }, linux: { maskedPaths: ['/proc/kcore'] } },
  mounts: [],
  resources: {},
  cgroupsPath: '/stillframe/c1',
  namespaces: { net: '/ns/net', ipc: '/ns/ipc', uts: '/ns/uts' },
  annotations: { note: 'kept' },
};
interface Spec {
  process: Record<string, unknown>;
  root: unknown;
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  annotations: unknown;
  linux: {
    namespaces: unknown;
    resources: unknown;
    maskedPaths?: string[];
    cgroupsPath: string;
  };
}

const specOf = (changes: Partial<SpecFacts> = {}) => buildSpec({ ...facts, ...changes }) as unknown as Spec;

test('the process is what the facts say, without limits that a node may be unable to set', () => {
  const { process, root, annotations, linux } = specOf();
  assert.deepEqual(process, {
    terminal: false,
    user: facts.user,
    args: ['sh'],
    env: ['A=1'],
    cwd: '/work',
    noNewPrivileges: true,
  });
  assert.deepEqual(root, { path: 'rootfs', readonly: true });
  assert.deepEqual(annotations, { note: 'kept' });
  assert.equal(linux.cgroupsPath, '/stillframe/c1');
});

test('a privileged container has all devices', () => {
  const { linux, mounts } = specOf({ privileged: true });
  assert.deepEqual(linux.resources, { devices: [{ allow: true, access: 'rwm' }] });
  assert.ok(mounts.find(({ destination }) => destination === '/sys')?.options.includes('rw'));
});

test('others have none, and cannot write to the kernel', () => {
  const { linux, mounts } = specOf();
  assert.deepEqual(linux.maskedPaths, ['/proc/kcore']);
  assert.deepEqual(linux.resources, { devices: [{ allow: false, access: 'rwm' }] });
  assert.ok(mounts.find(({ destination }) => destination === '/sys')?.options.includes('ro'));
  assert.ok(mounts.every(({ options }) => options.includes('nosuid')));
});

test('the mounts of the request come after those every container has', () => {
  const { mounts } = specOf({
    mounts: [
      { containerPath: '/data', hostPath: '/srv/data', readonly: true },
      { containerPath: '/out', hostPath: '/srv/out', readonly: false },
    ],
  });
  assert.deepEqual(
    mounts.slice(0, -2).map(({ destination }) => destination),
    ['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys'],
  );
  assert.deepEqual(mounts.slice(-2), [
    { destination: '/data', type: 'bind', source: '/srv/data', options: ['rbind', 'rprivate', 'ro'] },
    { destination: '/out', type: 'bind', source: '/srv/out', options: ['rbind', 'rprivate', 'rw'] },
  ]);
});

test('namespaces are the sandbox’s; a kind it lacks is the host’s; processes and mounts are the container’s own', () => {
  assert.deepEqual(specOf().linux.namespaces, [
    { type: 'pid' },
    { type: 'mount' },
    { type: 'network', path: '/ns/net' },
    { type: 'ipc', path: '/ns/ipc' },
    { type: 'uts', path: '/ns/uts' },
  ]);
  assert.deepEqual(specOf({ namespaces: {} }).linux.namespaces, [{ type: 'pid' }, { type: 'mount' }]);
});

test('processes may be the host’s, or in a namespace that others are in', () => {
  const namespaces = (pid: NonNullable<SpecFacts['pid']>) => specOf({ namespaces: {}, pid }).linux.namespaces;
  assert.deepEqual(namespaces('host'), [{ type: 'mount' }]);
  assert.deepEqual(namespaces({ path: '/ns/pid' }), [{ type: 'pid', path: '/ns/pid' }, { type: 'mount' }]);
});

test('a mount of the node’s own takes the place of the default one, and gives way to the request’s', () => {
  const bind = (destination: string) => ({ destination, type: 'bind', source: '/pod', options: ['rbind'] });
  const provided = [bind('/dev/shm'), bind('/etc/hostname')];
  const mounts = [{ containerPath: '/etc/hostname', hostPath: '/mine', readonly: true }];
  const found = specOf({ provided, mounts }).mounts.map(({ destination, source }) => `${destination} ${source}`);
  assert.deepEqual(found.slice(-3), ['/sys sysfs', '/dev/shm /pod', '/etc/hostname /mine']);
});

test('resources are limited only where a limit is given; zero is none', () => {
  const resources = {
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    cpuShares: 512,
    memoryLimitInBytes: 1 << 26,
    pidsLimit: 64,
  };
  const devices = [{ allow: false, access: 'rwm' }];
  assert.deepEqual(specOf({ resources }).linux.resources, {
    devices,
    cpu: { period: 100_000, quota: 50_000, shares: 512 },
    memory: { limit: 1 << 26 },
    pids: { limit: 64 },
  });
  assert.deepEqual(specOf({ resources: { cpuQuota: 0, memoryLimitInBytes: 0 } }).linux.resources, { devices });
});
