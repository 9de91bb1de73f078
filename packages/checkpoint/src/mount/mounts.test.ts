import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../checkpoint.ts';
import { mountOptions, propagationOf } from './mount-flags.ts';
import { type MountNode, mountTree } from './mount-tree.ts';
import { type Mount, readMounts } from './mounts.ts';

const mountsOf = async (name: string) => {
  await using checkpoint = await openCheckpoint(fileURLToPath(new URL(`../../fixtures/${name}.tar`, import.meta.url)));
  const mounts = await readMounts(checkpoint.images, { spec: checkpoint.spec });
  return { mounts, at: (path: string) => mounts.find(({ mountpoint }) => mountpoint === path) };
};

test('a bind mount is one, with its place on the host from the specification', async () => {
  const { at, mounts } = await mountsOf('crio-counter');
  const hostname = at('/etc/hostname');
  assert.deepEqual([hostname?.type, hostname?.role], ['bind', 'external']);
  assert.match(hostname?.spec?.source ?? '', /\/userdata\/hostname$/);
  assert.equal(at('/')?.type, 'overlay');
  assert.deepEqual(
    mounts.filter(({ type }) => /unsupported|unknown/.test(type)),
    [],
  );
});

test('what the runtime hides or makes read-only is told apart from what it provides', async () => {
  const { at } = await mountsOf('podman-counter');
  const roles = ['/', '/proc', '/proc/keys', '/sys/firmware', '/proc/sys', '/etc/hosts', '/dev/shm'];
  assert.deepEqual(
    roles.map((path) => at(path)?.role),
    ['root', 'filesystem', 'masked', 'masked', 'read-only', 'external', 'external'],
  );
});

test('a tmpfs has the image with its files, a bind mount has none', async () => {
  const { at } = await mountsOf('podman-counter');
  assert.deepEqual(at('/dev')?.content, { image: 'tmpfs-dev-44.tar.gz.img', bytes: 368 });
  assert.equal(at('/dev/shm')?.content, undefined);
  assert.equal(at('/dev')?.device, '0:44');
});

test('flags are told as mount(8) does', () => {
  assert.deepEqual(mountOptions(0x20000e), ['rw', 'nosuid', 'nodev', 'noexec', 'relatime']);
  assert.deepEqual(mountOptions(0x1), ['ro']);
  assert.deepEqual(mountOptions(0x80000002), ['rw', 'nosuid', '0x80000000']);
  assert.equal(propagationOf(0x100000, 7, 0).mode, 'shared');
  assert.deepEqual(propagationOf(0x180000, 7, 3), { mode: 'shared-slave', sharedId: 7, masterId: 3 });
  assert.equal(propagationOf(0x20000, 0, 0).mode, 'unbindable');
  assert.equal(propagationOf(0x40000, 0, 0).mode, 'private');
});

test('the tree is that of the parents', async () => {
  const { mounts } = await mountsOf('crio-counter');
  const [root, ...others] = mountTree(mounts);
  assert.deepEqual([root?.mount.mountpoint, others.length], ['/', 0]);
  const dev = root?.children.find(({ mount }) => mount.mountpoint === '/dev');
  assert.deepEqual(
    dev?.children.map(({ mount }) => mount.mountpoint),
    ['/dev/pts', '/dev/mqueue', '/dev/shm'],
  );
});

const count = (nodes: readonly MountNode[]): number => {
  let sum = 0;
  const waiting = [...nodes];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    sum += 1;
    waiting.push(...next.children);
  }
  return sum;
};

test('mounts whose parents form circles, repeat, or never end are each in the tree once', async () => {
  const { mounts } = await mountsOf('crio-counter');
  const [like] = mounts;
  assert.ok(like);
  const made = (pairs: readonly (readonly [id: number, parent: number])[]): Mount[] =>
    pairs.map(([mountId, parentId]) => ({ ...like, mountId, parentId }));
  assert.equal(
    count(
      mountTree(
        made([
          [1, 2],
          [2, 3],
          [3, 1],
          [4, 4],
          [5, 1],
          [5, 5],
          [1, 9],
        ]),
      ),
    ),
    7,
  );
  const chain = made(Array.from({ length: 100_000 }, (_, i) => [i + 1, i] as const));
  assert.equal(count(mountTree(chain)), 100_000);
});
