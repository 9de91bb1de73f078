/** Peers that speak no NRI, or speak it badly: they are hung up on, and the node goes on. */
import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { openTestNode, type TestNode, until } from './fixture.ts';
import { RequestSchema } from './gen/ttrpc_pb.ts';
import { listenForPlugins } from './listen.ts';
import { Event } from './proto.ts';

const numbers = (...all: number[]) => {
  const bytes = Buffer.alloc(4 * all.length);
  for (const [index, number] of all.entries()) bytes.writeUInt32BE(number, 4 * index);
  return bytes;
};
/** A frame of the multiplexer with a ttrpc message in it. */
const message = (connection: number, length: number, type: number, data = Buffer.alloc(0), stream = 1) => {
  const inner = Buffer.concat([numbers(length, stream), Buffer.from([type, 0]), data]);
  return Buffer.concat([numbers(connection, inner.length), inner]);
};
const request = (method: string) => {
  const fields = { service: 'nri.pkg.api.v1alpha1.Runtime', method };
  return Buffer.from(toBinary(RequestSchema, create(RequestSchema, fields)));
};

/** An error on the way, as of a socket that was hung up on, comes before it. */
const closeOf = (socket: Socket) =>
  new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));

/** Sends and waits until the node hangs up. */
async function hungUp(node: TestNode, bytes: Buffer): Promise<void> {
  const socket = connect(node.socket);
  socket.resume();
  const closed = closeOf(socket);
  socket.write(bytes);
  await closed;
}

const BAD: readonly (readonly [string, Buffer])[] = [
  ['a frame of 2^32-1 bytes', numbers(2, 0xffff_ffff)],
  ['a frame just above a message', numbers(2, (4 << 20) + 11)],
  ['a message of 2^32-1 bytes', message(2, 0xffff_ffff, 1)],
  ['a response where requests go', message(2, 0, 2)],
  ['a request where responses go', message(1, 0, 1)],
  ['a request that is no protobuf', message(2, 4, 1, Buffer.from([0x0a, 0xff, 0xff, 0xff]))],
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
];

for (const [what, bytes] of BAD) {
  test(`hangs up on ${what}`, async () => {
    // Long enough that it is not the time-out which ends it.
    await using node = await openTestNode({}, 60_000);
    const from = performance.now();
    await hungUp(node, bytes);
    assert.ok(performance.now() - from < 30_000);
    await node.plugins.tell(Event.RUN_POD_SANDBOX, { id: 'p' });
  });
}

test('whatever bytes come, the node lives, and a good plugin joins after them', async () => {
  await using node = await openTestNode({}, 100);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const socket = connect(node.socket);
      const closed = closeOf(socket);
      socket.end(Buffer.from(bytes));
      socket.resume();
      await closed;
    }),
    { numRuns: 50 },
  );
  await using _plugin = await node.join('10', {});
  assert.deepEqual(node.plugins.names, ['10-test']);
});

test('one who says nothing is hung up on when the time to register is over', async () => {
  await using node = await openTestNode({}, 100);
  await hungUp(node, Buffer.alloc(0));
  await until(() => node.logged.some((line) => line.startsWith('warn NRI plugin not taken')));
});

test('one who asks without reading the answers, or too much at once, is hung up on', async () => {
  await using node = await openTestNode({ update: () => new Promise(() => undefined) }, 60_000);
  const data = request('UpdateContainers');
  const many = Array.from({ length: 70 }, (_, index) => message(2, data.length, 1, data, 2 * index + 1));
  await hungUp(node, Buffer.concat(many));
  const unknown = request('x'.repeat(200_000));
  const socket = connect(node.socket);
  const closed = closeOf(socket);
  socket.pause();
  for (let index = 0; index < 300 && !socket.destroyed; index++) {
    socket.write(message(2, unknown.length, 1, unknown, 2 * index + 1));
    await delay(1);
  }
  socket.resume();
  await closed;
});

test('no more than so many connect at once', async () => {
  await using node = await openTestNode({}, 60_000);
  const sockets = Array.from({ length: 70 }, () => connect(node.socket));
  for (const socket of sockets) socket.on('error', () => undefined).resume();
  await until(() => node.logged.filter((line) => line.includes('64 are connected already')).length === 6);
  for (const socket of sockets) socket.destroy();
});

test('a state too large for one message comes in parts, to a plugin that takes them', async () => {
  const containers = Array.from({ length: 30 }, (_, index) => ({ id: `c${index}`, args: ['x'.repeat(400_000)] }));
  await using node = await openTestNode({ state: async () => ({ pods: [{ id: 'p' }], containers }) }, 10_000);
  const seen: string[] = [];
  let parts = 0;
  await using _plugin = await node.join('10', {
    synchronize: ({ containers: some, more }) => {
      parts++;
      seen.push(...some.map(({ id }) => id));
      return { more };
    },
  });
  assert.equal(parts, 3);
  assert.equal(seen.length, 30);
  const refusing = node.join('11', { synchronize: () => ({}) });
  await assert.rejects(refusing);
  assert.deepEqual(node.plugins.names, ['10-test']);
});

test('the socket is for this user alone, takes the place of a dead one, and not of a live one or of a file', async () => {
  await using node = await openTestNode();
  assert.equal((await stat(node.socket)).mode & 0o777, 0o600);
  await assert.rejects(listenForPlugins(node.socket, node.plugins), { code: 'ERR_NRI_SOCKET', message: /listens/ });
  const file = join(dirname(node.socket), 'file');
  await writeFile(file, '');
  await assert.rejects(listenForPlugins(file, node.plugins), { code: 'ERR_NRI_SOCKET' });
  await stat(file);
});
