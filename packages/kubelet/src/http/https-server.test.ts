/** What a server bears: clients that send slowly or not at all, certificates that end while it serves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { type FakeApi, openFakeApi } from '../fake-api.ts';

const DAY = 86_400_000;

describe('the HTTPS server', () => {
  let api: FakeApi;
  before(async () => {
    api = await openFakeApi();
  });
  after(() => api[Symbol.asyncDispose]());

  const open = async (): Promise<TLSSocket> => {
    const socket = connect({ port: api.api.address.port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return socket;
  };
  /** Milliseconds until the server has closed a connection. */
  const closed = async (socket: NodeJS.EventEmitter) => {
    const began = performance.now();
    await once(socket, 'close', { signal: AbortSignal.timeout(60_000) });
    return performance.now() - began;
  };

  it('closes connections whose client sends headers or a body by drops, and those that never begin', async () => {
    const silent = createConnection({ port: api.api.address.port, host: '127.0.0.1' });
    silent.on('error', () => undefined);
    const headers = await open();
    headers.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const drops = setInterval(() => headers.writable && headers.write('x: y\r\n'), 500);
    const idle = await open();
    const body = await open();
    body.write('POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
    const more = setInterval(() => body.writable && body.write('x'), 1000);
    body.resume();
    headers.resume();
    idle.resume();
    silent.resume();
    const times = await Promise.all([silent, headers, idle, body].map(closed));
    clearInterval(drops);
    clearInterval(more);
    const [bySilence, byHeaders, byIdling, byBody] = times.map(Math.round) as [number, number, number, number];
    assert.ok(bySilence > 5_000 && bySilence < 30_000, `no handshake: ${bySilence}`);
    assert.ok(byHeaders > 5_000 && byHeaders < 30_000, `headers: ${byHeaders}`);
    assert.ok(byIdling < 50_000, `idle: ${byIdling}`);
    assert.ok(byBody < 50_000, `body: ${byBody}`);
    assert.equal((await api.curl('/healthz')).status, 200);
  });

  it('answers headers that are too large, nonsense, and a body without an end', async () => {
    const said = async (text: string) => {
      const socket = await open();
      socket.write(text);
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      await Promise.race([once(socket, 'close'), delay(3000)]);
      socket.destroy();
      return Buffer.concat(chunks).toString().split('\r\n')[0];
    };
    assert.equal(
      await said(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`),
      'HTTP/1.1 431 Request Header Fields Too Large',
    );
    assert.equal(await said('nonsense\r\n\r\n'), 'HTTP/1.1 400 Bad Request');
    assert.equal(
      await said('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      'HTTP/1.1 401 Unauthorized',
    );
    assert.equal((await api.curl('/healthz')).status, 200);
  });

  it('gives new connections the renewed certificate, lets the old ones be, and the keys as they are', async () => {
    const fingerprint = async () => {
      const socket = await open();
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const before = await fingerprint();
    assert.equal(await api.api.renewCertificates(), false);
    assert.equal(await fingerprint(), before);
    const held = await open();
    held.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const key = await readFile(api.api.pki.serverKey, 'utf8');
    const client = await readFile(api.api.pki.client, 'utf8');
    assert.equal(await api.api.renewCertificates(new Date(Date.now() + 340 * DAY)), true);
    assert.notEqual(await fingerprint(), before);
    assert.notEqual(await readFile(api.api.pki.client, 'utf8'), client, 'the administrator’s, too');
    assert.equal(await readFile(api.api.pki.serverKey, 'utf8'), key);
    held.write('\r\n');
    const [answer] = (await once(held, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 401/);
    held.destroy();
  });
});
