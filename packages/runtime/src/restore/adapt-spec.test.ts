import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '@stillframe/checkpoint';
import { type AdaptableSpec, adaptSpec, bindDestinations } from './adapt-spec.ts';
import { type DumpFacts, readDumpFacts } from './dump-facts.ts';

const facts = (more: Partial<DumpFacts> = {}): DumpFacts => ({
  external: [],
  internal: [],
  namespaces: { mnt: 'own', pid: 'own', net: 'external', ipc: 'own', uts: 'own' },
  netId: 10,
  ...more,
});
const spec = (): AdaptableSpec => ({
  mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: [] }],
  linux: { namespaces: [{ type: 'pid', path: '/pod/pid' }, { type: 'mount' }, { type: 'network', path: '/pod/net' }] },
});
const archive = (name: string) => join(import.meta.dirname, '../../../checkpoint/fixtures', `${name}-counter.tar`);

test('controllers of cgroup v1 and masked files are no bind mounts of the container', () => {
  const external = ['/dev/null', '/sys/fs/cgroup/pids', '/etc/hosts', '/data'];
  assert.deepEqual(bindDestinations(facts({ external })), ['/etc/hosts', '/data']);
});

test('a dump with cgroups mounted gets them mounted, one without does not', () => {
  const { mounts } = adaptSpec(spec(), facts({ external: ['/sys/fs/cgroup/pids'] }), {});
  assert.deepEqual(mounts.at(-1)?.type, 'cgroup');
  assert.equal(adaptSpec(spec(), facts(), {}).mounts.length, 1);
});

test('a tmpfs of the dump is declared, so that its mount point is made; nothing below /proc, /sys or /dev is', () => {
  const internal = ['/scratch', '/proc/acpi', '/dev/shm', '/a/../b', 'relative'].map((mountpoint) => ({
    mountpoint,
    type: 'tmpfs',
  }));
  const { mounts } = adaptSpec(spec(), facts({ internal }), {});
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ['/proc', '/scratch'],
  );
});

test('a PID namespace is of its own or the pod’s as it was in the dump, whatever the pod does otherwise', () => {
  const pid = (use: 'own' | 'external') =>
    adaptSpec(spec(), facts({ namespaces: { ...facts().namespaces, pid: use } }), { pid: '/pod/pid', net: '/pod/net' })
      .linux.namespaces[0];
  assert.deepEqual(pid('own'), { type: 'pid' });
  assert.deepEqual(pid('external'), { type: 'pid', path: '/pod/pid' });
});

test('the facts of each engine’s dump are read from its images', async () => {
  const read = async (name: string) => {
    await using checkpoint = await openCheckpoint(archive(name));
    return await readDumpFacts(checkpoint);
  };
  const { namespaces: crio, external } = await read('crio');
  assert.deepEqual(crio, { mnt: 'own', pid: 'external', net: 'shared', ipc: 'own', uts: 'own' });
  assert.ok(external.includes('/run/.containerenv'));
  assert.deepEqual((await read('containerd')).namespaces, {
    mnt: 'own',
    pid: 'external',
    net: 'external',
    ipc: 'own',
    uts: 'own',
  });
  assert.deepEqual((await read('podman')).namespaces, { mnt: 'own', pid: 'own', net: 'own', ipc: 'own', uts: 'own' });
});
