/** What must be read of the open files and sockets that programs/corpus.pl holds. */
import assert from 'node:assert/strict';
import { type FileTarget, type Queued, readOpenFiles, readProcesses, readSockets } from '@stillframe/checkpoint';
import type { ImageSet } from '@stillframe/criu-image';
import { corpusValue } from './corpus.ts';

/** Pipes end to end, locks, deleted files, watches and timers, each at the fd that has it. */
export async function assertOpenFiles(images: ImageSet): Promise<void> {
  const open = await readOpenFiles(images, await readProcesses(images));
  const facts = (fd: number) => open.facts(open.at(1, fd)?.fileId ?? assert.fail(`no fd ${fd}`));
  const main = open.descriptors.filter(({ pid, fd }) => pid === 1 && typeof fd === 'number');
  const one = <T extends FileTarget['type']>(type: T) => {
    for (const held of main) {
      const { target } = open.facts(held.fileId);
      if (target.type === type) return { held, target: target as Extract<FileTarget, { type: T }> };
    }
    return assert.fail(`no ${type}`);
  };

  const pipes = [...open.pipes()].filter(({ queued }) => queued.state === 'present' && queued.bytes > 0);
  assert.deepEqual(pipes.map(({ kind, queued }) => [kind, queued.state === 'present' && queued.bytes]).sort(), [
    ['fifo', corpusValue('fifo').length],
    ['pipe', corpusValue('pipe').length],
  ]);
  for (const { readers, writers } of pipes) {
    assert.deepEqual([...new Set(readers.map(({ pid }) => pid))], [...new Set(writers.map(({ pid }) => pid))]);
    assert.ok(readers.some(({ pid }) => pid === 1) && readers.length > 1, 'main and the child it forked');
  }

  const locks = open.locks.map(({ kind, access, start, length, fd }) => {
    const { target } = facts(fd);
    return [kind, access, start, length, target.type === 'file' && target.path];
  });
  assert.deepEqual(locks.sort(), [
    ['flock', 'write', 0n, undefined, '/work/locked'],
    ['posix', 'write', 10n, 20n, '/work/range'],
  ]);
  const deleted = main.flatMap(({ fileId }) => {
    const { target } = open.facts(fileId);
    return target.type === 'file' && target.kept?.how === 'ghost' ? [[target.path, target.kept.present]] : [];
  });
  assert.deepEqual(deleted, [
    ['/work/ghost-small', true],
    ['/work/ghost-large', true],
  ]);

  const [watch] = one('inotify').target.watches;
  assert.deepEqual([watch?.path, watch?.mask], ['/work', ['IN_CREATE']]);
  const [epoll] = one('epoll').target.watches;
  assert.equal(epoll?.data, 0xc0ffeen);
  assert.ok(epoll.events.includes('EPOLLIN'));
  assert.deepEqual(facts(epoll.fd).target, { type: 'eventfd', counter: 0n });
  assert.equal(one('eventfd').target.counter, 42n);
  assert.deepEqual(one('memfd').target.memory?.seals, ['F_SEAL_GROW']);
  assert.equal(one('timerfd').target.timer.interval, 3_600_000_000_000n);
  assert.equal(one('pidfd').target.pid, 1);
  const { terminal } = one('tty').target;
  // The line discipline makes CR LF of the LF.
  assert.deepEqual(terminal?.queued, { state: 'present', bytes: corpusValue('terminal').length + 2 });
  const owned = main.map(({ fileId }) => open.facts(fileId).owner).filter((owner) => owner !== undefined);
  assert.deepEqual(
    owned.map(({ who, id, signal }) => [who, id, signal]),
    [['process', 1, 'SIGUSR2']],
  );
}

/** Peers across fds and processes, and the bytes in each queue. */
export async function assertSockets(images: ImageSet): Promise<void> {
  const open = await readOpenFiles(images, await readProcesses(images));
  const sockets = await Array.fromAsync(readSockets(images, open));
  const bytes = (queued: Queued) => (queued.state === 'present' ? queued.bytes : queued.reason);

  const connected = sockets.filter((socket) => 'connection' in socket && socket.connection !== undefined);
  assert.equal(connected.length, 2);
  const server = connected.find((socket) => 'local' in socket && socket.local.port === 7070);
  const client = connected.find((socket) => socket !== server);
  assert.ok(server && client && 'peer' in server && 'peer' in client);
  assert.deepEqual(server.peer, { place: 'here', fileId: client.fileId });
  assert.deepEqual(client.peer, { place: 'here', fileId: server.fileId });
  assert.equal(bytes(client.receiveQueue), corpusValue('tcp-to-client').length);
  for (const [socket, fd] of [
    [client, 'client'],
    [server, 'server'],
  ] as const) {
    assert.ok(
      open.holders(socket.fileId).some(({ pid }) => pid === 1),
      fd,
    );
    const stream = await images.single('tcp-stream', 'inode' in socket ? socket.inode : undefined);
    assert.deepEqual([bytes(socket.receiveQueue), bytes(socket.sendQueue)], [stream?.inqLen, stream?.outqLen]);
  }
  assert.ok(Number(bytes(server.receiveQueue)) > 0 && Number(bytes(client.sendQueue)) > 1000, 'neither took more');

  const unix = sockets.filter((socket) => socket.family === 'unix');
  const named = unix.find(({ name }) => name === '/work/datagrams');
  assert.deepEqual(
    [named?.messages, named && bytes(named.receiveQueue)],
    [2, 2 * corpusValue('unix-datagram-1').length],
  );
  assert.deepEqual(unix.find(({ name }) => name === '@corpus-abstract')?.backlog, 7);
  const pair = unix.find(({ receiveQueue }) => bytes(receiveQueue) === corpusValue('unix-stream').length);
  assert.equal(pair?.peer.place, 'here');
  const carrier = unix.find(({ inFlightCount }) => inFlightCount > 0);
  const [inFlight = 0] = carrier?.inFlight ?? [];
  const { target } = open.facts(inFlight);
  assert.equal(target.type === 'file' && target.path, '/etc/corpus-calls.pl');
  assert.deepEqual(open.inFlightTo(inFlight), [carrier?.fileId]);
}
