import assert from 'node:assert/strict';
import { type Duplex, duplexPair, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SpdyConnection } from './connection.ts';
import { encodeFrame, type Frame, FrameReader, goAwayStatus, INITIAL_WINDOW_SIZE, resetStatus } from './frame.ts';
import { encodeHeaders } from './header-block.ts';
import { HeaderCompression } from './header-compression.ts';
import type { SpdyStream } from './stream.ts';

test('a stream carries bytes both ways, and each way ends by itself', async () => {
  const { client, streams, end } = pair();
  const stream = client.open(
    new Map([
      ['streamtype', 'data'],
      ['port', '80'],
    ]),
  );
  stream.end('to the server');
  const [served] = await streams(1);
  assert.equal(served?.headers.get('port'), '80');
  assert.equal(await text(served ?? Readable.from([])), 'to the server');
  assert.equal(served?.writable, true, 'the other way is still open');
  served?.end('and back');
  assert.equal(await text(stream), 'and back');
  await end();
});

test('megabytes pass over many streams at once, within windows', async () => {
  const { client, end } = pair((stream) => stream.pipe(stream));
  await client.announce(20_000);
  const sizes = [0, 1, 65_536, 300_000, 2_000_000];
  const answers = sizes.map(async (size, index) => {
    const stream = client.open(new Map([['streamtype', String(index)]]));
    stream.end(Buffer.alloc(size, index + 1));
    return buffer(stream);
  });
  for (const [index, bytes] of (await Promise.all(answers)).entries()) {
    assert.ok(bytes.equals(Buffer.alloc(sizes[index] ?? -1, index + 1)), `stream ${index}`);
  }
  await end();
});

test('no more is sent than a peer that knows windows has granted', async () => {
  const raw = rawClient((stream) => stream.end(Buffer.alloc(100_000)));
  raw.send({ kind: 'settings', entries: [{ id: INITIAL_WINDOW_SIZE, flags: 0, value: 1000 }] });
  await raw.open(1);
  await delay(50);
  assert.equal(raw.dataBytes(1), 1000);
  raw.send({ kind: 'window-update', stream: 1, delta: 500 });
  await delay(50);
  assert.equal(raw.dataBytes(1), 1500);
  raw.send({ kind: 'window-update', stream: 1, delta: 200_000 });
  await delay(50);
  assert.equal(raw.dataBytes(1), 64 << 10, 'the connection has a window, too');
  raw.send({ kind: 'window-update', stream: 0, delta: 200_000 });
  await delay(50);
  assert.equal(raw.dataBytes(1), 100_000);
});

test('a peer that knows no windows, as Kubernetes’ client, gets everything', async () => {
  const raw = rawClient((stream) => stream.end(Buffer.alloc(300_000)));
  await raw.open(1);
  await delay(100);
  assert.equal(raw.dataBytes(1), 300_000);
});

test('what was read is granted again', async () => {
  const raw = rawClient((stream) => stream.resume());
  await raw.open(1);
  for (let sent = 0; sent < 4; sent += 1) raw.data(1, Buffer.alloc(32 << 10));
  await delay(50);
  const granted = (stream: number) =>
    raw.frames.reduce(
      (sum, frame) => sum + (frame.kind === 'window-update' && frame.stream === stream ? frame.delta : 0),
      0,
    );
  assert.equal(granted(1), 128 << 10);
  assert.equal(granted(0), 128 << 10);
});

test('a reader that is slow holds back a peer that keeps to no window', async () => {
  let served: SpdyStream | undefined;
  const raw = rawClient((stream) => {
    served = stream;
  });
  await raw.open(1);
  for (let sent = 0; sent < 64; sent += 1) raw.data(1, Buffer.alloc(32 << 10));
  await delay(50);
  assert.ok((served?.readableLength ?? 0) < 512 << 10, 'not all of it is held in memory');
  let got = 0;
  served?.on('data', (chunk: Buffer) => {
    got += chunk.byteLength;
  });
  await delay(100);
  assert.equal(got, 64 * (32 << 10), 'and none of it is lost');
});

test('a ping is answered, an answer to none is not', async () => {
  const raw = rawClient();
  raw.send({ kind: 'ping', id: 1 });
  raw.send({ kind: 'ping', id: 2 });
  await delay(30);
  assert.deepEqual(
    raw.frames.filter(({ kind }) => kind === 'ping'),
    [{ kind: 'ping', id: 1 }],
  );
});

test('a stream that is given up is reset; a reset one closes', async () => {
  const opened: SpdyStream[] = [];
  const raw = rawClient((stream) => void opened.push(stream));
  await raw.open(1);
  await raw.open(3);
  opened[0]?.destroy();
  raw.send({ kind: 'rst-stream', stream: 3, status: resetStatus.cancel });
  await delay(30);
  assert.ok(opened[1]?.destroyed);
  assert.ok(raw.frames.some((frame) => frame.kind === 'rst-stream' && frame.stream === 1));
  raw.data(1, Buffer.from('late'));
  raw.send({ kind: 'ping', id: 5 });
  await delay(30);
  assert.ok(
    raw.frames.some((frame) => frame.kind === 'ping'),
    'data for a stream that is gone does no harm',
  );
});

test('streams that are open when the connection breaks close', async () => {
  const { client, streams, clientTransport } = pair();
  client.open(new Map([['streamtype', 'data']]));
  const [served] = await streams(1);
  clientTransport.destroy();
  await delay(50);
  assert.ok(served?.destroyed);
});

for (const [what, bytes] of [
  ['no SPDY at all', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  [
    'a header block that is no zlib',
    encodeFrame({
      kind: 'syn-stream',
      stream: 1,
      associated: 0,
      fin: false,
      unidirectional: false,
      block: Buffer.from('nonsense'),
    }),
  ],
  [
    'data for a stream that was never opened',
    encodeFrame({ kind: 'data', stream: 9, fin: false, data: Buffer.from('x') }),
  ],
  [
    'a window beyond 2^31',
    Buffer.concat([0, 0].map(() => encodeFrame({ kind: 'window-update', stream: 0, delta: 0x7fffffff }))),
  ],
] as const) {
  test(`${what} ends the connection with GOAWAY`, async () => {
    const raw = rawClient();
    raw.transport.write(bytes);
    await Promise.race([raw.closed, delay(1000)]);
    if (what !== 'no SPDY at all') {
      assert.ok(raw.frames.some((frame) => frame.kind === 'go-away' && frame.status === goAwayStatus.protocolError));
    }
    assert.ok(raw.transport.readableEnded || raw.transport.destroyed);
  });
}

test('stream ids must be odd and grow', async () => {
  for (const second of [1, 2]) {
    const raw = rawClient();
    await raw.open(1);
    await raw.open(second);
    await delay(30);
    assert.ok(
      raw.frames.some(({ kind }) => kind === 'go-away'),
      `stream ${second} after 1`,
    );
  }
});

/** A client of our own on a server of our own. */
function pair(opened: (stream: SpdyStream) => void = () => undefined) {
  const [clientTransport, serverTransport] = duplexPair();
  const served: SpdyStream[] = [];
  const server = new SpdyConnection(serverTransport, (stream) => {
    served.push(stream);
    opened(stream);
  });
  const client = new SpdyConnection(clientTransport);
  return {
    client,
    clientTransport,
    streams: async (count: number) => {
      while (served.length < count) await delay(5);
      return served;
    },
    end: async () => {
      void client.close();
      await server.close();
    },
  };
}

/** A client that sends what it likes and keeps to no rule. */
function rawClient(opened: (stream: SpdyStream) => void = () => undefined) {
  const [transport, serverTransport]: [Duplex, Duplex] = duplexPair();
  const server = new SpdyConnection(serverTransport, opened);
  const compression = new HeaderCompression();
  const reader = new FrameReader();
  const frames: Frame[] = [];
  transport.on('error', () => undefined);
  transport.on('end', () => transport.end());
  transport.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) frames.push(frame);
  });
  const send = (frame: Exclude<Frame, { kind: 'unknown' }>) => transport.write(encodeFrame(frame));
  return {
    transport,
    frames,
    send,
    closed: server.closed,
    data: (stream: number, data: Buffer) => send({ kind: 'data', stream, fin: false, data }),
    dataBytes: (stream: number) =>
      frames.reduce(
        (sum, frame) => sum + (frame.kind === 'data' && frame.stream === stream ? frame.data.byteLength : 0),
        0,
      ),
    open: async (stream: number) => {
      const block = await compression.compress(encodeHeaders(new Map([['streamtype', 'data']])));
      send({ kind: 'syn-stream', stream, associated: 0, fin: false, unidirectional: false, block });
      await delay(20);
    },
  };
}
