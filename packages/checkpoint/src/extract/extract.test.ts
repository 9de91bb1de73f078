import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../checkpoint.ts';
import { takeOut } from './made-checkpoint.fixture.ts';
import { listExtractables, nameOfThing, openExtractContext } from './select.ts';

const open = (name: string) => openCheckpoint(fileURLToPath(new URL(`../../fixtures/${name}.tar`, import.meta.url)));

test('everything of a real checkpoint is written with the hash that its file has, readable by its owner alone', async () => {
  for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'podman-redis']) {
    await using checkpoint = await open(name);
    await using taken = await takeOut(checkpoint);
    const written = taken.files.filter(({ state }) => state === 'written');
    assert.ok(written.length >= 9, name);
    for (const { file = assert.fail(), bytes, sha256, absentBytes } of written) {
      const content = await taken.read(file);
      assert.deepEqual([content.length, createHash('sha256').update(content).digest('hex')], [bytes, sha256], file);
      assert.equal((await stat(join(taken.folder, file))).mode & 0o7777, 0o600);
      assert.equal(absentBytes, 0, file);
    }
    assert.equal((await stat(taken.folder)).mode & 0o7777, 0o700);
    assert.deepEqual(checkpoint.diagnostics(), []);
  }
});

test('environment and arguments are those of the process, with a NUL behind each', async () => {
  await using checkpoint = await open('crio-counter');
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'env' }], pids: new Set([6]) });
  assert.deepEqual(
    taken.files.map(({ file }) => file),
    ['pid-6-environ.bin', 'pid-6-environ-now.bin', 'pid-6-cmdline.bin'],
  );
  const environment = (await taken.read('pid-6-environ.bin')).toString().split('\0');
  // A shell changes what it exports in a place of its own.
  assert.deepEqual((await taken.read('pid-6-environ-now.bin')).toString().split('\0'), environment);
  assert.ok(environment.includes('TOKEN=s3cr3t'));
  assert.equal(environment.at(-1), '');
  assert.match((await taken.read('pid-6-cmdline.bin')).toString(), /^\/bin\/sh\0-c\0/);
});

test('changed files of the root filesystem lie below rootfs, or the one that is named does', async () => {
  await using checkpoint = await open('crio-counter');
  await using all = await takeOut(checkpoint, { wishes: [{ kind: 'rootfs' }] });
  assert.match((await all.read('rootfs/cnt')).toString(), /^1\n2\n/);
  await using one = await takeOut(checkpoint, { wishes: [{ kind: 'rootfs', id: '/cnt' }] });
  assert.deepEqual(
    one.files.map(({ id, file }) => [id, file]),
    [['cnt', 'rootfs/cnt']],
  );
});

test('a connection is found at the fds of both its ends; its empty queues are told and make no files', async () => {
  await using checkpoint = await open('podman-redis');
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'tcp' }] });
  assert.deepEqual(
    taken.files.map(({ id, part, state, holders, name }) => [id, part, state, holders, name]),
    [
      ['1de0e', 'received', 'empty', [{ pid: 16, fd: 3 }], '127.0.0.1:59956 → 127.0.0.1:6379'],
      ['1de0e', 'sent', 'empty', [{ pid: 16, fd: 3 }], '127.0.0.1:59956 → 127.0.0.1:6379'],
      ['1de0f', 'received', 'empty', [{ pid: 6, fd: 12 }], '127.0.0.1:6379 → 127.0.0.1:59956'],
      ['1de0f', 'sent', 'empty', [{ pid: 6, fd: 12 }], '127.0.0.1:6379 → 127.0.0.1:59956'],
    ],
  );
});

test('memory is taken by mapping, by address and by range, and only where it is named', async () => {
  await using checkpoint = await open('crio-counter');
  const pids = new Set([6]);
  const memory = (id?: string) => takeOut(checkpoint, { wishes: [{ kind: 'memory', id }], pids });
  await using stack = await memory('stack');
  const [{ file = assert.fail(), facts } = assert.fail()] = stack.files;
  const bytes = await stack.read(file);
  assert.ok(bytes.includes('TOKEN=s3cr3t'));
  const start = BigInt(String(facts['start']));
  assert.equal(file, `pid-6-${start.toString(16)}-${(start + BigInt(bytes.length)).toString(16)}.bin`);
  const at = start + BigInt(bytes.indexOf('TOKEN=s3cr3t'));
  await using range = await memory(`0x${at.toString(16)}-0x${(at + 12n).toString(16)}`);
  assert.equal((await range.read(range.files[0]?.file ?? '')).toString(), 'TOKEN=s3cr3t');
  await using mapping = await memory(`0x${at.toString(16)}`);
  assert.deepEqual(await mapping.read(mapping.files[0]?.file ?? ''), bytes);
  await using all = await memory();
  assert.ok(all.files.length > 5 && all.files.some((each) => each.file === file));
});

test('a thing that is named and is not there is an error; a kind of which there is nothing is none', async () => {
  await using checkpoint = await open('crio-counter');
  await assert.rejects(takeOut(checkpoint, { wishes: [{ kind: 'ghost', id: '5' }] }), {
    code: 'ERR_EXTRACT_NOT_FOUND',
  });
  await assert.rejects(takeOut(checkpoint, { wishes: [{ kind: 'memory', id: 'heap of gold' }], pids: new Set([6]) }), {
    code: 'ERR_EXTRACT_NOT_FOUND',
  });
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'ghost' }] });
  assert.deepEqual(taken.files, []);
});

test('every thing that is listed can be asked for by the name it is listed under', async () => {
  await using checkpoint = await open('podman-redis');
  const context = await openExtractContext(checkpoint);
  for (const thing of await Array.fromAsync(listExtractables(context))) {
    const [kind, ...rest] = nameOfThing(thing).split(':');
    assert.equal(kind, thing.kind);
    const wishes = [{ kind: thing.kind, id: rest.length === 0 ? undefined : rest.join(':') }];
    const found = await Array.fromAsync(listExtractables(context, { wishes }));
    assert.ok(found.some((each) => nameOfThing(each) === nameOfThing(thing)));
  }
});

test('what waits in pipes, sockets and terminals, and deleted files, are what the program wrote, at the fds that it has', async () => {
  await using checkpoint = await open('open-files');
  const pids = new Set([1]);
  const kinds = ['ghost', 'pipe', 'fifo', 'socket', 'tty', 'tcp'] as const;
  await using taken = await takeOut(checkpoint, { wishes: kinds.map((kind) => ({ kind })), pids });
  const found: string[] = [];
  for (const { kind, part, state, file = '', holders } of taken.files) {
    if (state !== 'written' || part === 'pcap') continue;
    const fds = holders.flatMap((holder) => ('fd' in holder && holder.pid === 1 ? [holder.fd] : []));
    const text = (await taken.read(file)).toString('latin1').replaceAll('\0', '');
    found.push(`${kind} ${fds.join(',')}: ${text.slice(0, 40).trimEnd()}`);
  }
  assert.deepEqual(found, [
    'ghost 6: corpus:ghost',
    'ghost 7: corpus:ghost-chunk',
    'pipe 3,4: corpus:pipe',
    'fifo 5: corpus:fifo',
    'socket 12: corpus:unix-datagram-1',
    'socket 12: corpus:unix-datagram-2',
    'socket 16: corpus:in-flight',
    'socket 11: corpus:unix-stream',
    'tcp 20: corpus:tcp-to-server',
    'tty 39: corpus:terminal',
  ]);
});
