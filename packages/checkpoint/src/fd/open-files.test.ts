import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ImageSet } from '@stillframe/criu-image';
import { readProcesses } from '../process/process-tree.ts';
import { type MadeDump, madeDump } from './made-files.fixture.ts';
import { type Descriptor, type OpenFiles, readOpenFiles } from './open-files.ts';

const O_WRONLY = 1;
const O_RDWR = 2;
const none = { processes: { 1: 1 }, tables: { 1: {} }, files: {} };

async function read(dump: Partial<MadeDump>): Promise<{ open: OpenFiles; images: ImageSet }> {
  const images = madeDump({ ...none, ...dump });
  return { images, open: await readOpenFiles(images, await readProcesses(images)) };
}

const places = (descriptors: readonly Descriptor[]) => descriptors.map(({ pid, fd }) => `${pid}/${fd}`);
const path = (name: string, more: object = {}) => ({ reg: { name, flags: O_RDWR, pos: 0n, ...more } });

describe('a pipe', () => {
  const dump = {
    processes: { 1: 1, 7: 2 },
    tables: { 1: { 1: 11 }, 2: { 0: 10, 5: 10 } },
    files: { 10: { pipe: { pipeId: 77, flags: 0 } }, 11: { pipe: { pipeId: 77, flags: O_WRONLY } } },
  };
  const data = { pipeId: 77, bytes: 3, size: 4096, bytesBehind: Uint8Array.of(1, 2, 3) };

  test('is joined across processes, with what waits in it', async () => {
    const { open } = await read({ ...dump, more: { 'pipes-data': [data] } });
    const pipe = open.pipe(10);
    assert.equal(pipe, open.pipe(11));
    assert.deepEqual(places(pipe?.readers ?? []), ['7/0', '7/5']);
    assert.deepEqual(places(pipe?.writers ?? []), ['1/1']);
    assert.deepEqual([pipe?.queued, pipe?.capacity], [{ state: 'present', bytes: 3 }, 4096]);
  });

  test('that is read outside has content that nobody captured', async () => {
    const { open } = await read({ ...dump, tables: { 1: { 1: 11 }, 2: {} }, files: { 11: dump.files[11] } });
    assert.deepEqual(open.pipe(11)?.readers, []);
    assert.deepEqual(open.pipe(11)?.queued, { state: 'absent', reason: 'not-captured' });
  });

  test('without its entry is told as missing, behind damage as unreadable', async () => {
    const whole = await read(dump);
    assert.deepEqual(whole.open.pipe(10)?.queued, { state: 'absent', reason: 'missing' });
    const other = { ...data, pipeId: 76 };
    const more = { 'pipes-data': [other, other] };
    const damaged = await read({ ...dump, more, cut: { 'pipes-data.img': 8 } });
    assert.deepEqual(damaged.open.pipe(10)?.queued, { state: 'absent', reason: 'unreadable' });
    assert.ok(!damaged.images.diagnostics.empty);
  });

  test('and a fifo may have the same number and are two', async () => {
    const fifo = { 20: { fifo: { pipeId: 77, regfId: 21 } }, 21: path('work/fifo') };
    const tables = { 1: { 1: 11, 2: 20 }, 2: { 0: 10 } };
    const { open } = await read({ ...dump, tables, files: { ...dump.files, ...fifo } });
    assert.deepEqual(places(open.pipe(20)?.readers ?? []), ['1/2']);
    assert.deepEqual(places(open.pipe(20)?.writers ?? []), ['1/2']);
    const { target } = open.facts(20);
    assert.equal(target.type === 'fifo' && target.path, '/work/fifo');
    assert.deepEqual(places(open.pipe(10)?.writers ?? []), ['1/1']);
  });
});

test('what dup and fork share is one open file; what was opened twice is two', async () => {
  const { open } = await read({
    processes: { 1: 1, 2: 2 },
    tables: { 1: { 3: 5, 4: 5, 6: 6 }, 2: { 3: 5 } },
    files: { 5: path('log'), 6: path('log') },
  });
  assert.deepEqual(places(open.holders(5)), ['1/3', '1/4', '2/3']);
  assert.deepEqual(places(open.holders(6)), ['1/6']);
});

test('processes that share one fd table each have its fds', async () => {
  const { open } = await read({ processes: { 1: 1, 2: 1 }, tables: { 1: { 0: 5 } }, files: { 5: path('log') } });
  assert.deepEqual(places(open.descriptors), ['1/0', '2/0']);
});

test('a flock is of the open file and so of all that share it, a POSIX lock of one process', async () => {
  const { open, images } = await read({
    processes: { 1: 1, 2: 2 },
    tables: { 1: { 3: 5 }, 2: { 3: 5 } },
    files: { 5: path('db') },
    more: {
      filelocks: [
        { flag: 2, type: 1, pid: 1, fd: 3, start: 0n, len: 0n },
        { flag: 1, type: 0, pid: 2, fd: 3, start: 10n, len: 20n },
        { flag: 8, type: 5, pid: 9, fd: 9, start: 0n, len: 0n },
      ],
    },
  });
  const of = (pid: number) => {
    const held = open.at(pid, 3);
    return held && [...open.locksOf(held)].map(({ kind, access, start, length }) => [kind, access, start, length]);
  };
  assert.deepEqual(of(1), [['flock', 'write', 0n, undefined]]);
  assert.deepEqual(of(2), [
    ['posix', 'read', 10n, 20n],
    ['flock', 'write', 0n, undefined],
  ]);
  assert.deepEqual([open.locks[2]?.kind, open.locks[2]?.breaking, open.locks[2]?.access], ['lease', true, 'write']);
  assert.deepEqual(
    images.diagnostics.list.map(({ id }) => id),
    ['lock-without-file'],
  );
});

test('a deleted file says where its content is kept, also as CRIU said it of old', async () => {
  const { open } = await read({
    files: { 1: path('a'), 2: path('b'), 3: path('c'), 4: path('d'), 5: path('e') },
    more: {
      'remap-fpath': [
        { origId: 1, remapId: 10, remapType: 1 },
        { origId: 2, remapId: 5, remapType: 0 },
        { origId: 3, remapId: 99, remapType: 2 },
        { origId: 4, remapId: 0x8000000b },
      ],
      'ghost-file 11': [],
    },
  });
  const kept = (id: number) => {
    const { target } = open.facts(id);
    return target.type === 'file' ? target.kept : assert.fail();
  };
  assert.deepEqual(kept(1), { how: 'ghost', ghostId: 10, present: false });
  assert.deepEqual(kept(2), { how: 'link', fileId: 5 });
  assert.deepEqual(kept(3), { how: 'process', pid: 99 });
  assert.deepEqual(kept(4), { how: 'ghost', ghostId: 11, present: true });
  assert.equal(kept(5), undefined);
});

test('a size that was not recorded is not zero', async () => {
  const { open } = await read({ files: { 1: path('dev/null', { mode: 0o20666 }), 2: path('empty', { size: 0n }) } });
  const size = (id: number) => {
    const { target } = open.facts(id);
    return target.type === 'file' ? target.size : assert.fail();
  };
  assert.deepEqual([size(1), size(2)], [undefined, 0n]);
});

test('a file that is only in a message is held by no fd, and known by the socket it waits at', async () => {
  const { open } = await read({
    tables: { 1: { 3: 8 } },
    files: { 8: { usk: { ino: 100 } }, 9: path('secret') },
    more: { 'sk-queues': [{ idFor: 8, length: 1, scm: [{ type: 1, rights: [9, 9] }], bytesBehind: Uint8Array.of(1) }] },
  });
  assert.deepEqual(open.holders(9), []);
  assert.deepEqual(open.inFlightTo(9), [8]);
  assert.deepEqual(open.inFlightTo(8), []);
});

test('an fd that leads to no file of the dump says so', async () => {
  const { open } = await read({ tables: { 1: { 3: 404 } } });
  assert.deepEqual(open.facts(404).target, { type: 'missing' });
});

test('who gets a signal about a file, and none where nobody does', async () => {
  const owned = { fown: { pid: 7, pidType: 2, signum: 0, uid: 1, euid: 2 } };
  const { open } = await read({ files: { 1: path('a', owned), 2: path('b') } });
  assert.deepEqual(open.facts(1).owner, { who: 'process-group', id: 7, signal: 'SIGIO', uid: 1, euid: 2 });
  assert.equal(open.facts(2).owner, undefined);
});

test('watches of dumps before CRIU 3 stand with the file they belong to', async () => {
  const { open } = await read({
    tables: { 1: { 4: 30, 5: 31 } },
    more: {
      eventpoll: [{ id: 30, flags: 2 }],
      'eventpoll-tfd': [
        { id: 30, tfd: 5, events: 0x80000001, data: 9n },
        { id: 99, tfd: 5, events: 1, data: 9n },
      ],
      inotify: [{ id: 31, flags: 0 }],
      'inotify-wd': [
        { id: 31, wd: 1, mask: 0x102, sDev: 0xfe00001, iIno: 5n, fHandle: { bytes: 4, handle: [0xaabbccddn] } },
      ],
    },
  });
  const epoll = open.facts(30).target;
  const events = ['EPOLLIN', 'EPOLLET'];
  assert.deepEqual(epoll, { type: 'epoll', watches: [{ fd: 5, events, data: 9n, inode: undefined }] });
  const inotify = open.facts(31).target;
  assert.ok(inotify.type === 'inotify');
  const [watch] = inotify.watches;
  assert.deepEqual([watch?.mask, watch?.device, watch?.path], [['IN_MODIFY', 'IN_CREATE'], '254:1', undefined]);
  assert.equal(watch?.handle.bytes, 'ddccbbaa');
});

test('100 processes that share 1,000 open files are joined in one pass', async (t) => {
  const PROCESSES = 100;
  const FDS = 1000;
  // As after so many forks. A join that looked through all fds for the holders of each would look at 10,000,000,000.
  const table = Object.fromEntries(Array.from({ length: FDS }, (_, fd) => [fd, fd + 1]));
  const pids = Array.from({ length: PROCESSES }, (_, i) => i + 1);
  const images = madeDump({
    processes: Object.fromEntries(pids.map((pid) => [pid, pid])),
    tables: Object.fromEntries(pids.map((pid) => [pid, table])),
    files: Object.fromEntries(
      Array.from({ length: FDS }, (_, i) => [
        i + 1,
        i % 2 === 0 ? { pipe: { pipeId: i, flags: 0 } } : { pipe: { pipeId: i - 1, flags: O_WRONLY } },
      ]),
    ),
  });
  const processes = await readProcesses(images);
  const begin = process.cpuUsage();
  const open = await readOpenFiles(images, processes);
  let ends = 0;
  for (const { fileId } of open.descriptors) ends += open.pipe(fileId)?.writers.length ?? 0;
  const { user, system } = process.cpuUsage(begin);
  assert.equal(open.descriptors.length, PROCESSES * FDS);
  assert.equal(ends, PROCESSES * FDS * PROCESSES);
  const milliseconds = (user + system) / 1000;
  t.diagnostic(`${milliseconds} ms of processor time`);
  assert.ok(milliseconds < 10_000, `${milliseconds} ms`);
});

test('a million processes that share one large fd table end at the bound, and it is told', async () => {
  const fds = Object.fromEntries(Array.from({ length: 3000 }, (_, fd) => [fd, 1]));
  const { images } = await read({ tables: { 1: fds }, files: { 1: path('a') } });
  const many = { length: 1_000_000 };
  const open = await readOpenFiles(
    images,
    Array.from(many, () => ({ pid: 1 })),
  );
  assert.ok(open.descriptors.length <= 2_000_000 && open.descriptors.length > 1_990_000);
  assert.ok(images.diagnostics.list.some(({ id, severity }) => id === 'open-files-too-many' && severity === 'error'));
});
