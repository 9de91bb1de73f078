/** The streaming server over real sockets, with sessions that need no container. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamSession, TerminalSize } from '@stillframe/runtime';
import { createWebSocketStream, WebSocket } from 'ws';
import type { CommandRequest } from './command.ts';
import { listed, negotiate, SPDY_COMMANDS } from './protocols.ts';
import { ResizeEvents } from './resize-events.ts';
import { type StreamingServer, startStreaming } from './server.ts';
import { connectSpdy } from './spdy/client.ts';
import { SpdyConnection } from './spdy/connection.ts';
import { endMessage } from './status.ts';
import { TOKEN_LIFE, Tokens } from './tokens.ts';
import { decodeMessage, encodeMessage } from './websocket/channels.ts';

const EXIT_3 =
  '{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}';

const text = (stream: Readable | undefined) => textOf(stream ?? Readable.from([]));

/** A command that gives its input back, says `warned` on its error output and ends with code 3. */
function echo() {
  const sizes: TerminalSize[] = [];
  const state = { disposed: 0, sizes };
  const open = async (): Promise<StreamSession> => {
    const stdin = new PassThrough();
    const stderr = new PassThrough();
    stderr.end('warned');
    return {
      stdin,
      stdout: stdin,
      stderr,
      resize: async (size) => void sizes.push(size),
      ended: once(stdin, 'end').then(() => 3),
      [Symbol.asyncDispose]: async () => {
        state.disposed += 1;
      },
    };
  };
  const request = (terminal = false): CommandRequest => ({
    stdin: true,
    stdout: true,
    stderr: !terminal,
    terminal,
    open,
  });
  return { state, request };
}

describe('the streaming server', () => {
  let server: StreamingServer;
  before(async () => {
    server = await startStreaming();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const [offered, status] of [
    [['v4.channel.k8s.io', 'channel.k8s.io'], EXIT_3],
    [['v9.channel.k8s.io', 'v2.channel.k8s.io'], 'command terminated with non-zero exit code: 3'],
  ] as const) {
    test(`carries a command over SPDY for ${offered.join(' or ')}`, async () => {
      const { state, request } = echo();
      const address = server.address({ verb: 'exec', command: request() });
      const { connection, protocol } = await connectSpdy(address, offered);
      assert.equal(protocol, negotiate(offered, SPDY_COMMANDS));
      const [error, stdin, stdout, stderr] = ['error', 'stdin', 'stdout', 'stderr'].map((type) =>
        connection.open(new Map([['streamtype', type]])),
      );
      stdin?.end('to and fro');
      assert.deepEqual(await Promise.all([stdout, stderr, error].map((stream) => text(stream))), [
        'to and fro',
        'warned',
        status,
      ]);
      await connection.close();
      while (state.disposed === 0) await delay(5);
    });
  }

  test('hands the sizes of a terminal on', async () => {
    const { state, request } = echo();
    const { connection } = await connectSpdy(server.address({ verb: 'exec', command: request(true) }), SPDY_COMMANDS);
    const [, stdin, stdout, resize] = ['error', 'stdin', 'stdout', 'resize'].map((type) =>
      connection.open(new Map([['streamtype', type]])),
    );
    resize?.write('{"Width":80,"Height":24}\n{"Width":1');
    resize?.write('00,"Height":30}{"Width":-1,"Height":0}');
    while (state.sizes.length < 2) await delay(5);
    stdin?.end();
    await text(stdout);
    assert.deepEqual(state.sizes, [
      { width: 80, height: 24 },
      { width: 100, height: 30 },
    ]);
    await connection.close();
  });

  test('kills the command when its client goes away', async () => {
    const { state, request } = echo();
    const { connection } = await connectSpdy(server.address({ verb: 'attach', command: request() }), SPDY_COMMANDS);
    for (const type of ['error', 'stdin', 'stdout', 'stderr']) connection.open(new Map([['streamtype', type]]));
    await delay(50);
    assert.equal(state.disposed, 0);
    await connection.close();
    await delay(50);
    assert.equal(state.disposed, 1);
  });

  test('tells why a command could not begin', async () => {
    const open = () => Promise.reject(new Error('no such program'));
    const command = { ...echo().request(), stdin: false, open };
    const { connection } = await connectSpdy(server.address({ verb: 'exec', command }), SPDY_COMMANDS);
    const [error] = ['error', 'stdout', 'stderr'].map((type) => connection.open(new Map([['streamtype', type]])));
    assert.match(await text(error), /"message":"Internal error occurred: no such program".*"code":500/);
    await connection.close();
  });

  test('an address is good for one call, and for its own verb', async () => {
    const address = server.address({ verb: 'exec', command: echo().request() });
    const { connection } = await connectSpdy(address, SPDY_COMMANDS);
    await assert.rejects(connectSpdy(address, SPDY_COMMANDS), /404/);
    await connection.close();
    const other = server.address({ verb: 'exec', command: echo().request() }).replace('/exec/', '/attach/');
    await assert.rejects(connectSpdy(other, SPDY_COMMANDS), /404/);
    await assert.rejects(connectSpdy(server.address({ verb: 'exec', command: echo().request() }), ['v9']), /403/);
    assert.equal((await fetch(server.address({ verb: 'exec', command: echo().request() }))).status, 400);
  });

  for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const) {
    test(`carries a command over WebSocket ${protocol}`, async () => {
      const { state, request } = echo();
      const socket = new WebSocket(server.address({ verb: 'exec', command: request() }).replace('http:', 'ws:'), [
        'v9.channel.k8s.io',
        protocol,
      ]);
      const heard = new Map<number, string>();
      socket.on('message', (data: Buffer) => {
        const message = decodeMessage(data, protocol);
        if (message?.kind === 'data') heard.set(message.channel, (heard.get(message.channel) ?? '') + message.data);
      });
      await once(socket, 'open');
      assert.equal(socket.protocol, protocol);
      socket.send(encodeMessage(0, Buffer.from('to and fro'), protocol));
      socket.send(encodeMessage(4, Buffer.from('{"Width":80,"Height":24}'), protocol));
      socket.send(encodeMessage(77, Buffer.from('nobody listens here'), protocol));
      socket.send('');
      await delay(50);
      if (protocol !== 'v5.channel.k8s.io') {
        // Before version 5 there is no way to end the input alone.
        assert.deepEqual(
          [...heard],
          [
            [1, 'to and fro'],
            [2, 'warned'],
          ],
        );
        socket.terminate();
        return;
      }
      socket.send(Buffer.from([255, 0]));
      const [code] = await once(socket, 'close');
      assert.equal(code, 1000);
      assert.deepEqual([...heard].sort(), [
        [1, 'to and fro'],
        [2, 'warned'],
        [3, EXIT_3],
      ]);
      assert.deepEqual(state.sizes, [{ width: 80, height: 24 }]);
    });
  }

  test('kills a command that reads no input when its client goes away', async () => {
    const { state, request } = echo();
    const open = async (): Promise<StreamSession> => ({
      // Takes what fits, and no more.
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: undefined,
      resize: async () => undefined,
      ended: new Promise(() => undefined),
      [Symbol.asyncDispose]: async () => {
        state.disposed += 1;
      },
    });
    const address = server.address({ verb: 'exec', command: { ...request(true), open } }).replace('http:', 'ws:');
    const socket = new WebSocket(address, ['v4.channel.k8s.io']);
    await once(socket, 'open');
    for (let sent = 0; sent < 8 << 20; sent += 64 << 10)
      socket.send(encodeMessage(0, Buffer.alloc(64 << 10), 'v4.channel.k8s.io'));
    await delay(200);
    assert.equal(state.disposed, 0);
    socket.terminate();
    for (const deadline = Date.now() + 15_000; state.disposed === 0; await delay(20))
      assert.ok(Date.now() < deadline, 'it still runs');
  });

  const forwarding = () => ({
    verb: 'portforward' as const,
    forward: {
      ports: [80, 81],
      connect: async (port: number) => {
        if (port === 81) throw new Error('Connection refused');
        const line = new PassThrough();
        return {
          input: line,
          output: line,
          ended: once(line, 'close').then(() => undefined),
          [Symbol.asyncDispose]: async () => void line.destroy(),
        };
      },
    },
  });

  const forwardsOver = async (connection: SpdyConnection) => {
    const streams = (id: string, port: string) =>
      ['error', 'data'].map((type) =>
        connection.open(
          new Map([
            ['streamtype', type],
            ['port', port],
            ['requestid', id],
          ]),
        ),
      );
    const [error, data] = streams('0', '80');
    data?.end('knock');
    assert.deepEqual(await Promise.all([text(data), text(error)]), ['knock', '']);
    const [refused] = streams('1', '81');
    assert.equal(await text(refused), 'error forwarding port 81: Connection refused');
    const [unasked] = streams('2', '82');
    assert.match(await text(unasked), /82 was not asked for/);
    await connection.close();
  };

  test('forwards ports over SPDY', async () => {
    const { connection } = await connectSpdy(server.address(forwarding()), ['portforward.k8s.io']);
    await forwardsOver(connection);
  });

  test('forwards ports over SPDY inside of a WebSocket', async () => {
    const address = server.address(forwarding()).replace('http:', 'ws:');
    // This client’s library refuses the slash in Kubernetes’ name for it, which the header may have all the same.
    const socket = new WebSocket(address, ['v2.portforward.k8s.io']);
    await once(socket, 'open');
    await forwardsOver(new SpdyConnection(createWebSocketStream(socket)));
  });

  test('hangs up on everybody when it ends', async () => {
    const own = await startStreaming();
    const { state, request } = echo();
    const { connection } = await connectSpdy(own.address({ verb: 'exec', command: request() }), SPDY_COMMANDS);
    for (const type of ['error', 'stdin', 'stdout', 'stderr']) connection.open(new Map([['streamtype', type]]));
    await delay(50);
    await own[Symbol.asyncDispose]();
    await connection.closed;
    await delay(20);
    assert.equal(state.disposed, 1);
  });
});

test('a token is good once and for a minute, and no more than a thousand wait', () => {
  let now = 0;
  const tokens = new Tokens<string>(() => now);
  const token = tokens.issue('a') ?? '';
  assert.ok(token.length >= 32);
  assert.equal(tokens.take(token), 'a');
  assert.equal(tokens.take(token), undefined);
  const late = tokens.issue('b') ?? '';
  now = TOKEN_LIFE;
  assert.equal(tokens.take(late), undefined);
  for (let count = 0; count < 1000; count += 1) assert.ok(tokens.issue('c'));
  assert.equal(tokens.issue('d'), undefined);
  now *= 2;
  assert.ok(tokens.issue('d'), 'old ones make room');
});

test('offers come as several headers or as one list', () => {
  assert.deepEqual(listed(['a, b', 'c']), ['a', 'b', 'c']);
  assert.deepEqual(listed(undefined), []);
});

test('success is a status since version 4 and silence before', () => {
  assert.equal(endMessage({ exitCode: 0 }, true), '{"metadata":{},"status":"Success"}');
  assert.equal(endMessage({ exitCode: 0 }, false), '');
});

test('what is no size changes none, however long it is', () => {
  const events = new ResizeEvents();
  assert.deepEqual(events.push('{"Width":"80"}{}[]{"Width":70000,"Height":1}nonsense'), []);
  assert.deepEqual(events.push(Buffer.alloc(1 << 20, '{')), []);
  assert.deepEqual(events.push('"Width":1,"Height":2}'), [{ width: 1, height: 2 }]);
});
