/** Connections that are handed on, against a streaming server that gives back what it gets. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StillframeError } from '@stillframe/core';
import { type FakeApi, openFakeApi } from '../fake-api.ts';
import { eventually, runtime } from '../fake-runtime.ts';

const EXEC = '/exec/default/counters/counter?command=sh&command=-c&input=1&output=1&error=1';
const SPDY = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': ['v4.channel.k8s.io', 'v3'] };

describe('a connection that is handed on', () => {
  let api: FakeApi;
  let server: Server;
  let url: string;
  let client: { cert: string; key: string };
  const seen: IncomingMessage[] = [];
  const open = new Set<Duplex>();

  before(async () => {
    api = await openFakeApi((folder) => ({ audit: { path: join(folder, 'audit.log') } }));
    client = { cert: await readFile(api.api.pki.client, 'utf8'), key: await readFile(api.api.pki.clientKey, 'utf8') };
    server = createServer((call, response) => {
      seen.push(call);
      response.writeHead(403, { 'x-reason': 'no' }).end('none of the protocols is known');
    });
    server.on('upgrade', (call: IncomingMessage, socket: Duplex, head: Buffer) => {
      seen.push(call);
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Chosen: v4\r\n\r\nhello ',
      );
      if (head.length > 0) socket.write(head);
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/exec/token?x=1`;
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
    Object.assign(runtime, { streams: url, streamRequests: [] });
  });

  const upgrade = async (path: string, headers: Record<string, string | string[]> = SPDY, method = 'POST') => {
    const call = request(`${api.origin}${path}`, {
      ...client,
      rejectUnauthorized: false,
      method,
      headers,
      agent: false,
    });
    call.end();
    const upgraded = once(call, 'upgrade').then(([response, socket, first]) => ({ response, socket, first }));
    const answered = once(call, 'response').then(async ([response]) => ({
      response: response as IncomingMessage,
      body: (await (response as IncomingMessage).toArray()).join(''),
      socket: undefined,
    }));
    answered.catch(() => undefined);
    upgraded.catch(() => undefined);
    return Promise.race([upgraded, answered]);
  };
  const switched = async (path: string, headers?: Record<string, string | string[]>, method?: string) => {
    const found = await upgrade(path, headers, method);
    assert.ok(found.socket && 'first' in found, 'body' in found ? found.body : '');
    return found as { response: IncomingMessage; socket: Duplex; first: Buffer };
  };

  it('asks the runtime as a kubelet does, and its streaming server what the client asked', async () => {
    const { response, socket } = await switched(EXEC, { ...SPDY, Authorization: 'Bearer secret', Cookie: 'c=1' });
    assert.deepEqual(runtime.streamRequests, [
      {
        verb: 'exec',
        asked: { containerId: 'c-now', cmd: ['sh', '-c'], tty: false, stdin: true, stdout: true, stderr: true },
      },
    ]);
    assert.equal(response.headers['x-chosen'], 'v4');
    assert.ok(response.headers['audit-id']);
    const [call] = seen;
    assert.equal(call?.url, '/exec/token?x=1');
    assert.equal(call?.method, 'POST');
    assert.deepEqual(call?.headersDistinct['x-stream-protocol-version'], ['v4.channel.k8s.io', 'v3']);
    assert.equal(call?.headers.authorization, undefined, 'secrets stay here');
    assert.equal(call?.headers.cookie, undefined);
    socket.destroy();
  });

  it('carries every byte both ways', async () => {
    const { socket, first } = await switched(EXEC);
    const sent = randomBytes(3 << 20);
    const got: Buffer[] = [first];
    socket.on('data', (chunk: Buffer) => got.push(chunk));
    socket.write(sent);
    await eventually(() => Buffer.concat(got).length >= sent.length + 6);
    assert.ok(Buffer.concat(got).equals(Buffer.concat([Buffer.from('hello '), sent])));
    socket.end();
    await once(socket, 'close');
    await eventually(() => open.size === 0);
  });

  it('carries what the runtime says last, however slowly it is read', async () => {
    const last = randomBytes(24 << 20);
    const ending = createServer();
    ending.on('upgrade', (_call, socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      socket.end(last, () => socket.destroy());
    });
    ending.listen(0, '127.0.0.1');
    await once(ending, 'listening');
    runtime.streams = `http://127.0.0.1:${(ending.address() as AddressInfo).port}/`;
    const { socket, first } = await switched(EXEC);
    const got: Buffer[] = [first];
    await delay(300);
    for await (const chunk of socket) got.push(chunk as Buffer);
    assert.ok(Buffer.concat(got).equals(last));
    ending.close();
  });

  it('ends at the runtime when the client goes away, and at the client when the runtime ends it', async () => {
    const one = await switched(EXEC);
    await eventually(() => open.size === 1);
    one.socket.destroy();
    await eventually(() => open.size === 0);
    const two = await switched('/attach/default/counters/counter?output=1', SPDY, 'GET');
    await eventually(() => open.size === 1);
    for (const socket of open) socket.destroy();
    await once(two.socket.resume(), 'close');
  });

  it('is written down when it begins and when it ends', async () => {
    const { response, socket } = await switched(EXEC);
    socket.end();
    await once(socket.resume(), 'close');
    const stages = async () =>
      (await readFile(join(api.folder, 'audit.log'), 'utf8'))
        .split('\n')
        .filter((line) => line.includes(String(response.headers['audit-id'])))
        .map((line) => [JSON.parse(line).stage, JSON.parse(line).responseStatus?.code]);
    await eventually(async () => (await stages()).length === 3);
    assert.deepEqual(await stages(), [
      ['RequestReceived', undefined],
      ['ResponseStarted', 101],
      ['ResponseComplete', 101],
    ]);
  });

  it('gives the words of a streaming server that refuses', async () => {
    const refusing = createServer();
    // Without a listener for upgrades they are ordinary requests to it.
    refusing.on('request', (_call, response) => response.writeHead(403, { 'x-reason': 'no' }).end('none is known'));
    refusing.listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    runtime.streams = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/`;
    const found = await upgrade(EXEC);
    assert.ok('body' in found);
    assert.deepEqual([found.response.statusCode, found.body], [403, 'none is known']);
    assert.equal(found.response.headers['x-reason'], 'no');
    refusing.close();
  });

  it('names ports for a plain WebSocket alone', async () => {
    const websocket = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const path = '/portForward/default/counters';
    const answerTo = async (query: string, more = {}) => {
      const found = await upgrade(`${path}${query}`, { ...websocket, ...more }, 'GET');
      found.socket?.destroy();
      return 'body' in found ? [found.response.statusCode, found.body] : runtime.streamRequests.at(-1)?.asked;
    };
    assert.deepEqual(await answerTo(''), [400, 'query parameter "port" is required']);
    assert.deepEqual(await answerTo('?port=80,x'), [400, 'invalid port "x"']);
    assert.deepEqual(await answerTo('?port=0'), [400, 'invalid port "0"']);
    assert.deepEqual(await answerTo('?port=80&port=81,82'), { podSandboxId: 's-now', port: [80, 81, 82] });
    const tunnel = { 'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io' };
    assert.deepEqual(await answerTo('', tunnel), { podSandboxId: 's-now', port: [] });
    assert.deepEqual(await answerTo('/uid-other', tunnel), [404, 'pod not found']);
    assert.deepEqual(await answerTo('/uid-counters', tunnel), { podSandboxId: 's-now', port: [] });
  });

  it('is refused in a kubelet’s words', async () => {
    const says = async (path: string) => {
      const found = await upgrade(path);
      found.socket?.destroy();
      return 'body' in found ? [found.response.statusCode, found.body] : 'upgraded';
    };
    assert.deepEqual(await says('/exec/default/none/counter?output=1'), [404, 'pod does not exist']);
    assert.deepEqual(await says('/exec/default/counters/none?output=1'), [500, 'container not found ("none")']);
    assert.deepEqual(await says('/exec/default/counters/uid-x/counter?output=1'), [
      500,
      'container not found ("counter")',
    ]);
    assert.equal(await says('/exec/default/counters/uid-counters/counter?output=1'), 'upgraded');
    const none = 'you must specify at least 1 of stdin, stdout, stderr';
    assert.deepEqual(await says('/exec/default/counters/counter'), [400, none]);
    runtime.streams = new StillframeError('ERR_X_Y', 'not-found', 'no such container');
    const gone = 'rpc error: code = NotFound desc = no such container';
    assert.deepEqual(await says(EXEC), [404, gone]);
    runtime.streams = new StillframeError('ERR_X_Y', 'resource-exhausted', 'too many');
    assert.equal((await says(EXEC))[0], 429);
    runtime.streams = 'gopher://x';
    assert.equal((await says(EXEC))[0], 500);
    runtime.streams = 'http://127.0.0.1:1/nobody';
    assert.match(String((await says(EXEC))[1]), /ECONNREFUSED/);
  });

  it('has no body, which would be taken for the first bytes of the stream', async () => {
    const found = await upgrade(EXEC, { ...SPDY, 'Transfer-Encoding': 'chunked' });
    assert.ok('body' in found);
    assert.deepEqual([found.response.statusCode, found.body], [400, 'an upgrade takes no body\n']);
  });

  it('is not made for a stranger', async () => {
    const call = request(`${api.origin}${EXEC}`, {
      rejectUnauthorized: false,
      method: 'POST',
      headers: SPDY,
      agent: false,
    });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 401);
    assert.equal((await response.toArray()).join(''), 'Unauthorized');
    assert.deepEqual(runtime.streamRequests, []);
  });

  it('is no matter of other routes: an upgrade there is an ordinary request', async () => {
    const { status } = await api.curl('/healthz', '-H', 'Connection: Upgrade', '-H', 'Upgrade: h2c');
    assert.equal(status, 200);
  });
});

describe('a command that is run', () => {
  it('gives its output, or how it ended', async () => {
    await using api = await openFakeApi();
    runtime.output = { stdout: 'out', stderr: 'err', exitCode: 0 };
    const done = await api.curl('/run/default/counters/counter?cmd=ls%20-l', '-X', 'POST');
    assert.deepEqual([done.status, done.type, done.body], [200, 'application/json', 'outerr']);
    assert.deepEqual(runtime.streamRequests, [{ verb: 'execSync', asked: { cmd: ['ls', '-l'] } }]);
    runtime.output = { stdout: '', stderr: 'no such file', exitCode: 2 };
    const failed = await api.curl('/run/default/counters/counter?cmd=ls', '-X', 'POST');
    assert.deepEqual([failed.status, failed.body], [500, "command 'ls' exited with 2: no such file"]);
    assert.equal((await api.curl('/run/default/counters/counter?cmd=ls')).status, 405);
  });
});
