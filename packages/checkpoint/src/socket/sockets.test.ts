import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ImageSet } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { type MadeDump, madeDump } from '../fd/made-files.fixture.ts';
import { readOpenFiles } from '../fd/open-files.ts';
import { readProcesses } from '../process/process-tree.ts';
import type { InetSocket, Socket, UnixSocket } from './socket.ts';
import { readSockets } from './sockets.ts';

const [TCP, UDP] = [6, 17];
const [ESTABLISHED, CLOSE, LISTEN] = [1, 7, 10];
const LOOPBACK = 0x0100007f;
const MAPPED_LOOPBACK = [0, 0, 0xffff0000, LOOPBACK];
const word = (text: string) => new TextEncoder().encode(text);

async function read(dump: Partial<MadeDump>): Promise<{ images: ImageSet; sockets: Map<number, Socket> }> {
  const images = madeDump({ processes: { 1: 1 }, tables: { 1: {} }, files: {}, ...dump });
  const open = await readOpenFiles(images, await readProcesses(images));
  const sockets = await Array.fromAsync(readSockets(images, open));
  return { images, sockets: new Map(sockets.map((socket) => [socket.fileId, socket])) };
}

function unix(sockets: ReadonlyMap<number, Socket>, id: number): UnixSocket {
  const socket = sockets.get(id);
  return socket?.family === 'unix' ? socket : assert.fail(`${id} is no Unix socket`);
}

function inet(sockets: ReadonlyMap<number, Socket>, id: number): InetSocket {
  const socket = sockets.get(id);
  return socket && 'connection' in socket ? socket : assert.fail(`${id} is no socket of the Internet protocols`);
}

test('a server, its client and where they listen are joined in a real dump', async () => {
  const path = fileURLToPath(new URL('../../fixtures/podman-redis.tar', import.meta.url));
  await using checkpoint = await openCheckpoint(path);
  const { images } = checkpoint;
  const open = await readOpenFiles(images, await readProcesses(images));
  const found = [];
  for await (const socket of readSockets(images, open)) {
    assert.ok('connection' in socket);
    const place = ({ pid, fd }: { pid: number; fd: unknown }) => `${pid}/${fd}`;
    const peer = 'fileId' in socket.peer ? open.holders(socket.peer.fileId).map(place) : socket.peer.place;
    found.push([open.holders(socket.fileId).map(place), socket.state, socket.backlog, peer]);
  }
  assert.deepEqual(found, [
    [['6/8'], 'listen', 511, 'none'],
    [['6/9'], 'listen', 511, 'none'],
    [['6/12'], 'established', undefined, ['16/3']],
    [['16/3'], 'established', undefined, ['6/12']],
  ]);
});

describe('Unix sockets', () => {
  test('of a pair find each other across processes, and what one sent waits at the other', async () => {
    const { sockets } = await read({
      files: {
        1: { usk: { ino: 10, peer: 11, type: 1, state: ESTABLISHED, backlog: 768 } },
        2: { usk: { ino: 11, peer: 10, type: 1, state: ESTABLISHED } },
      },
      more: { 'sk-queues': [{ idFor: 2, length: 4, bytesBehind: word('four') }] },
    });
    const [first, second] = [unix(sockets, 1), unix(sockets, 2)];
    assert.deepEqual(
      [first.peer, second.peer],
      [
        { place: 'here', fileId: 2 },
        { place: 'here', fileId: 1 },
      ],
    );
    assert.deepEqual(
      [first.receiveQueue, second.receiveQueue],
      [
        { state: 'present', bytes: 0 },
        { state: 'present', bytes: 4 },
      ],
    );
    assert.deepEqual(first.sendQueue, { state: 'present', bytes: 4 });
    assert.equal(first.sendMemory, 768);
  });

  test('that send to a name, wait to be accepted, or have their end outside say so', async () => {
    const { sockets } = await read({
      files: {
        1: { usk: { ino: 10, type: 2, state: CLOSE, name: word('/log\0') } },
        2: { usk: { ino: 11, peer: 10, type: 2, state: ESTABLISHED } },
        3: { usk: { ino: 12, type: 1, state: LISTEN, name: word('\0abstract'), backlog: 7 } },
        4: { usk: { ino: 13, peer: 12, type: 1, state: ESTABLISHED } },
        5: { usk: { ino: 14, peer: 99, type: 1, state: ESTABLISHED } },
      },
    });
    const places = [1, 2, 3, 4, 5].map((id) => unix(sockets, id).peer);
    assert.deepEqual(places, [
      { place: 'none' },
      { place: 'address', fileId: 1 },
      { place: 'none' },
      { place: 'listener', fileId: 3 },
      { place: 'outside' },
    ]);
    assert.deepEqual([unix(sockets, 3).pending, unix(sockets, 3).backlog], [1, 7]);
    assert.deepEqual([unix(sockets, 1).name, unix(sockets, 3).name], ['/log', '@abstract']);
    assert.deepEqual(unix(sockets, 2).sendQueue, { state: 'absent', reason: 'not-captured' });
  });

  test('whose peers form a circle, or who are their own, end', async () => {
    const { sockets } = await read({
      files: {
        1: { usk: { ino: 10, peer: 11, state: ESTABLISHED } },
        2: { usk: { ino: 11, peer: 12, state: ESTABLISHED } },
        3: { usk: { ino: 12, peer: 10, state: ESTABLISHED } },
        4: { usk: { ino: 13, peer: 13, state: ESTABLISHED } },
        5: { usk: { ino: 14, peer: 14, state: LISTEN } },
        // A second one of the same inode: the first counts.
        6: { usk: { ino: 13, peer: 10, state: ESTABLISHED } },
      },
    });
    assert.deepEqual(unix(sockets, 1).peer, { place: 'address', fileId: 2 });
    assert.deepEqual(unix(sockets, 4).peer, { place: 'here', fileId: 4 });
    assert.deepEqual(unix(sockets, 5).peer, { place: 'listener', fileId: 5 });
  });

  test('behind damage are of unknown queues', async () => {
    const entry = { idFor: 1, length: 4, bytesBehind: word('four') };
    const { sockets, images } = await read({
      files: { 1: { usk: { ino: 10 } }, 2: { usk: { ino: 11 } } },
      more: { 'sk-queues': [entry, entry] },
      cut: { 'sk-queues.img': 3 },
    });
    for (const id of [1, 2])
      assert.deepEqual(unix(sockets, id).receiveQueue, { state: 'absent', reason: 'unreadable' });
    assert.ok(images.diagnostics.list.some(({ id }) => id === 'image-payload-truncated'));
  });

  test('tell the files in flight; of very many the first, and how many there are', async () => {
    const rights = Array.from({ length: 253 }, (_, i) => i + 100);
    const { sockets } = await read({
      files: { 1: { usk: { ino: 10 } } },
      more: {
        'sk-queues': Array.from({ length: 20 }, () => ({
          idFor: 1,
          length: 0,
          scm: [
            { type: 1, rights },
            { type: 2, rights: [1] },
          ],
        })),
      },
    });
    const socket = unix(sockets, 1);
    assert.deepEqual([socket.inFlight.length, socket.inFlightCount, socket.messages], [1000, 20 * 253, 20]);
  });
});

describe('TCP', () => {
  const server = { family: 2, type: 1, proto: TCP, state: ESTABLISHED, ino: 0x10, srcPort: 80, dstPort: 5000 };
  const client = { ...server, ino: 0x11, srcPort: 5000, dstPort: 80 };
  const v4 = { srcAddr: [LOOPBACK], dstAddr: [LOOPBACK] };
  const stream = {
    inqLen: 2,
    outqLen: 3,
    unsqLen: 1,
    optMask: 5,
    sndWscale: 7,
    rcvWscale: 9,
    mssClamp: 1460,
    timestamp: 5,
  };

  test('queues are those of its stream, in bytes, with what never left', async () => {
    const { sockets } = await read({
      files: { 1: { isk: { ...server, ...v4, opts: { soKeepalive: true }, tcpOpts: { keepidle: 60 } } } },
      more: { 'tcp-stream 16': [{ ...stream, bytesBehind: word('inout') }] },
    });
    const socket = inet(sockets, 1);
    assert.deepEqual(socket.receiveQueue, { state: 'present', bytes: 2 });
    assert.deepEqual(socket.sendQueue, { state: 'present', bytes: 3 });
    const { unsent, negotiated, sendWindowScale, receiveWindowScale, sendWindow } = socket.connection ?? assert.fail();
    assert.deepEqual([unsent, negotiated], [1, ['timestamps', 'wscale']]);
    assert.deepEqual([sendWindowScale, receiveWindowScale, sendWindow], [7, 9, undefined]);
    assert.deepEqual(socket.peer, { place: 'outside' });
    const { SO_KEEPALIVE, TCP_KEEPIDLE, TCP_NODELAY, SO_MARK, SO_REUSEADDR } = socket.options;
    assert.deepEqual([SO_KEEPALIVE, TCP_KEEPIDLE, TCP_NODELAY], [true, 60, false]);
    assert.deepEqual([SO_MARK, SO_REUSEADDR], [undefined, undefined], 'what was not recorded is not known');
  });

  test('options of dumps before CRIU 4 stand elsewhere', async () => {
    const { sockets } = await read({
      files: { 1: { isk: { ...server, ...v4, opts: { tcpKeepidle: 30 } } } },
      more: { 'tcp-stream 16': [{ ...stream, nodelay: true, bytesBehind: word('inout') }] },
    });
    const { TCP_KEEPIDLE, TCP_NODELAY, TCP_CORK } = inet(sockets, 1).options;
    assert.deepEqual([TCP_KEEPIDLE, TCP_NODELAY, TCP_CORK], [30, true, undefined]);
  });

  test('a connection whose stream is missing or damaged has unknown queues, and says which', async () => {
    const { sockets } = await read({
      files: { 1: { isk: { ...server, ...v4 } }, 2: { isk: { ...client, ...v4 } } },
      more: { 'tcp-stream 16': [stream] },
      cut: { 'tcp-stream-10.img': 10 },
    });
    assert.deepEqual(inet(sockets, 1).receiveQueue, { state: 'absent', reason: 'unreadable' });
    assert.deepEqual(inet(sockets, 2).sendQueue, { state: 'absent', reason: 'missing' });
  });

  test('both ends are joined, also where one writes the address as IPv6, and only within one namespace', async () => {
    const mapped = { family: 10, srcAddr: MAPPED_LOOPBACK, dstAddr: MAPPED_LOOPBACK };
    const { sockets } = await read({
      files: {
        1: { isk: { ...server, ...mapped, nsId: 3 } },
        2: { isk: { ...client, ...v4, nsId: 3 } },
        3: { isk: { ...client, ...v4, nsId: 4, ino: 0x12 } },
      },
    });
    assert.deepEqual(inet(sockets, 1).peer, { place: 'here', fileId: 2 });
    assert.deepEqual(inet(sockets, 2).peer, { place: 'here', fileId: 1 });
    assert.deepEqual(inet(sockets, 3).peer, { place: 'outside' });
    assert.equal(inet(sockets, 1).local.address, '::ffff:127.0.0.1');
  });

  test('a listening socket has a backlog, and no queue that CRIU saves', async () => {
    const { sockets } = await read({
      files: { 1: { isk: { ...server, ...v4, state: LISTEN, dstPort: 0, dstAddr: [0], backlog: 5 } } },
    });
    const { backlog, receiveQueue, peer } = inet(sockets, 1);
    assert.deepEqual([backlog, receiveQueue], [5, { state: 'absent', reason: 'not-captured' }]);
    assert.deepEqual(peer, { place: 'none' });
  });
});

test('what UDP received is not in a dump; a socket that sends to another of it names that', async () => {
  const bound = { family: 2, type: 2, proto: UDP, state: CLOSE, srcPort: 53, srcAddr: [LOOPBACK], dstAddr: [0] };
  const connected = { ...bound, state: ESTABLISHED, srcPort: 4000, dstPort: 53, dstAddr: [LOOPBACK] };
  const { sockets } = await read({ files: { 1: { isk: { ...bound, ino: 1 } }, 2: { isk: { ...connected, ino: 2 } } } });
  assert.deepEqual(inet(sockets, 1).receiveQueue, { state: 'absent', reason: 'not-captured' });
  assert.deepEqual(inet(sockets, 2).peer, { place: 'address', fileId: 1 });
});

test('netlink and packet sockets have the names of their numbers', async () => {
  const { sockets } = await read({
    files: {
      1: { nlsk: { ino: 1, protocol: 15, state: 7, portid: 4, groups: [0b101] } },
      2: { psk: { type: 3, protocol: 0x0300, ifindex: 2, nsId: 9, rxRing: { blockSize: 4096, blockNr: 8 } } },
    },
    more: { 'netdev 9': [{ type: 1, ifindex: 2, mtu: 1, flags: 0, name: 'eth0' }] },
  });
  const netlink = sockets.get(1);
  assert.ok(netlink?.family === 'netlink');
  assert.deepEqual([netlink.protocol, netlink.groups], ['kobject-uevent', [1, 3]]);
  const packet = sockets.get(2);
  assert.ok(packet?.family === 'packet');
  assert.deepEqual([packet.type, packet.protocol, packet.interface], ['raw', '0x0003 all', 'eth0']);
  assert.deepEqual([packet.receiveRing, packet.fanout], [32768, undefined]);
});
