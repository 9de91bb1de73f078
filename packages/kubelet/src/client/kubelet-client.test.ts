import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type FakeApi, openFakeApi } from '../fake-api.ts';
import { eventually, runtime, untilAborted } from '../fake-runtime.ts';
import type { KubeletApi } from '../index.ts';
import { type KubeletClientOptions, openKubeletClient } from './index.ts';

const COUNTER = { kubeNamespace: 'default', pod: 'counters', container: 'counter' };

describe('a client of a kubelet', () => {
  let node: FakeApi;
  let api: KubeletApi;
  let trusted: KubeletClientOptions;

  before(async () => {
    node = await openFakeApi();
    ({ api } = node);
    const text = (path: string) => readFile(path, 'utf8');
    trusted = {
      url: `https://localhost:${api.address.port}`,
      cert: await text(api.pki.client),
      key: await text(api.pki.clientKey),
      ca: await text(api.pki.authority),
    };
  });
  after(() => node[Symbol.asyncDispose]());
  beforeEach(() => {
    Object.assign(runtime, { requests: [], rolledBack: 0, capture: async () => undefined });
  });

  it('has a container captured and says where the archive is', async () => {
    await using client = openKubeletClient(trusted);
    const path = await client.checkpoint(COUNTER, { timeout: 300 });
    assert.match(basename(path), /^checkpoint-counters_default-counter-\d{4}-.*\.tar$/);
    assert.equal(await readFile(path, 'utf8'), 'archive of c-now');
  });

  it('says how long it waits', async () => {
    runtime.capture = untilAborted;
    await using client = openKubeletClient(trusted);
    await assert.rejects(client.checkpoint(COUNTER, { timeout: 1 }), /DeadlineExceeded/);
    await eventually(() => runtime.rolledBack === 1);
  });

  it('lists pods and their containers', async () => {
    await using client = openKubeletClient(trusted);
    const counters = (await client.pods()).find(({ name, containers }) => name === 'counters' && containers.length > 0);
    const counter = counters?.containers.find(({ name }) => name === 'counter');
    assert.deepEqual(counter, { name: 'counter', image: 'busybox:1', containerID: 'c-now', state: 'running' });
  });

  it('goes away when it is told to, and the container’s capture with it', async () => {
    runtime.capture = untilAborted;
    await using client = openKubeletClient(trusted);
    const ending = new AbortController();
    const asked = client.checkpoint(COUNTER, { timeout: 300, signal: ending.signal });
    await eventually(() => runtime.requests.length === 1);
    ending.abort(new Error('enough'));
    await assert.rejects(asked, { message: 'enough' });
    await eventually(() => runtime.rolledBack === 1);
  });

  it('tells what is wrong with the way there', async () => {
    const { port } = api.address;
    const wrong: [Partial<KubeletClientOptions>, string][] = [
      [{ cert: undefined, key: undefined }, 'ERR_KUBELET_UNAUTHENTICATED'],
      [{ ca: undefined }, 'ERR_KUBELET_UNTRUSTED'],
      [{ url: 'https://localhost:1' }, 'ERR_KUBELET_UNREACHABLE'],
      [{ url: `https://127.0.0.2:${port}` }, 'ERR_KUBELET_UNREACHABLE'],
    ];
    for (const [part, code] of wrong) {
      await using client = openKubeletClient({ ...trusted, ...part });
      await assert.rejects(client.pods(), { code });
    }
    for (const url of [
      'http://localhost:1',
      'localhost:10250',
      'https://user:secret@localhost',
      'https://:secret@localhost',
      'https://localhost/?a',
    ])
      assert.throws(() => openKubeletClient({ url }), { code: 'ERR_KUBELET_URL', message: /^(?!.*secret)/ });
    for (const token of ['', 'two\nlines', 'späť'])
      assert.throws(() => openKubeletClient({ ...trusted, token }), { code: 'ERR_KUBELET_TOKEN' });
  });

  it('asks for nothing under a name that would be another path', async () => {
    await using client = openKubeletClient(trusted);
    for (const name of ['..', '.', ''])
      for (const part of ['kubeNamespace', 'pod', 'container'])
        await assert.rejects(client.checkpoint({ ...COUNTER, [part]: name }, { timeout: 120 }), {
          code: 'ERR_KUBELET_NOT_FOUND',
          message: /is no name$/,
        });
    assert.equal(runtime.requests.length, 0);
  });

  it('tells a missing container from a missing right', async () => {
    await using client = openKubeletClient(trusted);
    await assert.rejects(client.checkpoint({ ...COUNTER, container: 'none' }, { timeout: 120 }), {
      code: 'ERR_KUBELET_NOT_FOUND',
      message: 'container none does not exist',
    });
    runtime.capture = async () => {
      throw new Error('no CRIU here');
    };
    await assert.rejects(client.checkpoint(COUNTER, { timeout: 120 }), { code: 'ERR_KUBELET_FAILED' });
  });

  describe('of another make', () => {
    let server: Server;
    let options: KubeletClientOptions;
    let answer: { status: number; body: string | Buffer; raw?: string } = { status: 200, body: '' };
    const seen: { url: string | undefined; authorization: string | undefined }[] = [];
    before(async () => {
      const text = (path: string) => readFile(path, 'utf8');
      const tls = { cert: await text(api.pki.server), key: await text(api.pki.serverKey) };
      server = createServer(tls, (request, response) => {
        seen.push({ url: request.url, authorization: request.headers.authorization });
        if (answer.raw !== undefined) return void request.socket.end(answer.raw);
        response.writeHead(answer.status);
        response.end(answer.body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
      const { port } = server.address() as AddressInfo;
      options = { url: `https://localhost:${port}/api/v1/nodes/n1:10250/proxy`, ca: trusted.ca, token: 'sesame' };
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });
    const checkpoint = async () => {
      await using client = openKubeletClient(options);
      return await client.checkpoint(COUNTER, { timeout: 3 });
    };

    it('is asked by way of an API server, with a token', async () => {
      answer = { status: 200, body: '{"items":["/var/lib/kubelet/checkpoints/a.tar"]}' };
      assert.equal(await checkpoint(), '/var/lib/kubelet/checkpoints/a.tar');
      assert.deepEqual(seen.at(-1), {
        url: '/api/v1/nodes/n1:10250/proxy/checkpoint/default/counters/counter?timeout=3',
        authorization: 'Bearer sesame',
      });
    });

    const answers: [number, string, string, RegExp][] = [
      [401, 'Unauthorized', 'ERR_KUBELET_UNAUTHENTICATED', /401/],
      [
        403,
        'Forbidden (user=u, verb=create, resource=nodes, subresource=checkpoint)',
        'ERR_KUBELET_FORBIDDEN',
        /user=u/,
      ],
      [404, '404 page not found\n', 'ERR_KUBELET_NO_CHECKPOINTS', /page not found/],
      [404, 'pod does not exist', 'ERR_KUBELET_NOT_FOUND', /pod does not exist/],
      [429, 'slow down', 'ERR_KUBELET_BUSY', /slow down/],
      [500, 'failed (rpc error: code = Unimplemented desc = x)', 'ERR_KUBELET_FAILED', /Unimplemented/],
      [
        503,
        JSON.stringify({ kind: 'Status', message: 'no \u001b[31mnode' }),
        'ERR_KUBELET_FAILED',
        /no \\x1b\[31mnode$/,
      ],
      [200, '{"items":["relative.tar"]}', 'ERR_KUBELET_ANSWER', /names no archive/],
      [200, JSON.stringify({ items: [`/${'x'.repeat(5000)}`] }), 'ERR_KUBELET_ANSWER', /names no archive.{1,2100}$/],
      [200, '{"items":["/a\\u0000b"]}', 'ERR_KUBELET_ANSWER', /names no archive/],
      [200, '<html>', 'ERR_KUBELET_ANSWER', /no JSON/],
      [302, '', 'ERR_KUBELET_FAILED', /302/],
    ];
    for (const [status, body, code, message] of answers) {
      it(`answers ${status} ${body.slice(0, 30).trim()}: ${code}`, async () => {
        answer = { status, body };
        await assert.rejects(checkpoint(), { code, message });
      });
    }

    const raws: [string, string][] = [
      ['', 'ERR_KUBELET_UNREACHABLE'],
      ['\u001b[2J\r\n\r\n', 'ERR_KUBELET_UNREACHABLE'],
      ['HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nx', 'ERR_KUBELET_ANSWER'],
      ['HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"items":', 'ERR_KUBELET_UNREACHABLE'],
      [`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(99_999)}\r\n\r\n`, 'ERR_KUBELET_UNREACHABLE'],
    ];
    for (const [raw, code] of raws) {
      it(`that breaks the protocol is told at once: ${JSON.stringify(raw.slice(0, 24))}`, {
        timeout: 5000,
      }, async () => {
        answer = { status: 0, body: '', raw };
        await assert.rejects(checkpoint(), { code });
      });
    }

    it('is given as long as timers can wait, and no shorter', async () => {
      answer = { status: 200, body: '{"items":["/a.tar"]}' };
      await using client = openKubeletClient(options);
      for (const timeout of [2_147_484, 1e12]) assert.equal(await client.checkpoint(COUNTER, { timeout }), '/a.tar');
    });

    it('is not listened to for ever, nor for more than an answer can be', async () => {
      answer = { status: 200, body: Buffer.alloc(70 << 20, 0x20) };
      await using client = openKubeletClient(options);
      await assert.rejects(client.pods(), { code: 'ERR_KUBELET_ANSWER', message: /larger/ });
    });
  });
});
