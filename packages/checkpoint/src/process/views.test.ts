import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openImageSet } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { readFileTable } from '../fd/file-table.ts';
import { addressText } from '../socket/address.ts';
import { readCommandLine } from './command-line.ts';
import { type Process, processTree, readProcesses } from './process-tree.ts';
import { readStatistics } from './statistics.ts';

const open = (name: string) => openCheckpoint(fileURLToPath(new URL(`../../fixtures/${name}.tar`, import.meta.url)));

test('the processes of redis form the tree they had', async () => {
  await using checkpoint = await open('podman-redis');
  const [root, ...others] = processTree(await readProcesses(checkpoint.images));
  assert.equal(others.length, 0);
  const shape = (node: typeof root): unknown => node && [node.comm, ...node.children.map(shape)];
  assert.deepEqual(shape(root), ['bash', ['redis-server'], ['bash', ['sleep'], ['redis-cli']]]);
});

test('without the process tree its processes are still there, and its loss is told', async () => {
  await using checkpoint = await open('podman-redis');
  const whole = checkpoint.images;
  const names = whole.images.map(({ name }) => name).filter((name) => name !== 'pstree.img');
  const entry = (name: string) => checkpoint.archive.open(`checkpoint/${name}`);
  const images = openImageSet({ names: () => names, open: (name) => (names.includes(name) ? entry(name) : undefined) });
  const named = (found: readonly Process[]) => found.map(({ pid, comm, state }) => `${pid} ${comm} ${state}`).sort();
  assert.deepEqual(named(await readProcesses(images)), named(await readProcesses(whole)));
  assert.deepEqual(
    images.diagnostics.list.map(({ id, severity }) => `${severity} ${id}`),
    ['error process-tree-missing'],
  );
});

test('arguments and environment come from the memory of the process', async () => {
  await using checkpoint = await open('crio-counter');
  const { arguments: given, environment } = await readCommandLine(checkpoint.images, 6);
  assert.equal(given.state === 'present' && given.values[0], '/bin/sh');
  assert.ok(environment.state === 'present' && environment.values.includes('TOKEN=s3cr3t'));
});

test('a process without memory images has no arguments, and says so', async () => {
  const set = openImageSet({ names: () => [], open: () => undefined });
  const absent = { state: 'absent', reason: 'not-recorded' };
  assert.deepEqual(await readCommandLine(set, 1), { arguments: absent, environment: absent });
});

test('both ends of the connection to redis are there', async () => {
  await using checkpoint = await open('podman-redis');
  const files = await readFileTable(checkpoint.images);
  const sockets = [];
  for (const pid of [6, 16]) {
    for (const { target } of await files.openFiles(pid)) {
      if (target.type === 'inet-socket')
        sockets.push(`${target.state} ${target.local.address}:${target.local.port} ${target.remote.port}`);
    }
  }
  const expected = [
    'listen 0.0.0.0:6379 0',
    'listen :::6379 0',
    'established 127.0.0.1:6379 59956',
    'established 127.0.0.1:59956 6379',
  ];
  assert.deepEqual(sockets, expected);
});

test('addresses are written as people write them', () => {
  assert.equal(addressText([0x0100007f]), '127.0.0.1');
  assert.equal(addressText([0, 0, 0, 0x01000000]), '::1');
  assert.equal(addressText([0xb80d0120, 0, 0, 0x02000000]), '2001:db8::2');
  assert.equal(addressText([]), '');
});

test('what CRIU measured is read in microseconds', async () => {
  await using checkpoint = await open('podman-redis');
  const statistics = await readStatistics(checkpoint.images);
  assert.equal(statistics?.frozenTime, 221675);
  assert.equal(statistics?.pagesWritten, 1238n);
});

test('a circle of parents becomes a tree all the same', () => {
  const process = (pid: number, ppid: number): Process => ({
    pid,
    ppid,
    pgid: 0,
    sid: 0,
    comm: undefined,
    state: 'alive',
    exitCode: 0,
    threads: [],
    credentials: undefined,
  });
  const tree = processTree([process(3, 2), process(2, 3), process(1, 0), process(4, 4), process(5, 1)]);
  assert.deepEqual(
    tree.map(({ pid, children }) => [pid, children.map((child) => child.pid)]),
    [
      [1, [5]],
      [2, [3]],
      [4, []],
    ],
  );
});
