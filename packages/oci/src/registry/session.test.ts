/** What a registry may do wrong, played by a server on loopback. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesSource, messageOf } from '@stillframe/core';
import { chunked, collect, describeBytes } from '../content.suite.ts';
import { RegistryClient } from './client.ts';
import { type Answer, json, registryThat, serve } from './fake.suite.ts';

const bytes = randomBytes(2000);
const descriptor = describeBytes(bytes);

describe('trying again', () => {
  it('happens after 429, 5xx and a broken connection, and reports the last failure', async () => {
    const faults = ['429', '503', 'break'];
    await using registry = await registryThat((request, response) => {
      const fault = faults.shift();
      if (fault === undefined) response.end();
      else if (fault === 'break') request.socket.destroy();
      else json(response, Number(fault), { errors: [{ code: 'UNAVAILABLE', message: 'later' }] });
    });
    await assert.rejects(registry.client.ping(), { code: 'ERR_OCI_REGISTRY_BROKEN' });
    await registry.client.ping();
    assert.equal(registry.seen.length, 4);
  });

  it('does not happen after a refusal', async () => {
    await using registry = await registryThat((_request, response) => json(response, 403, {}));
    await assert.rejects(registry.client.ping(), { code: 'ERR_OCI_REGISTRY_DENIED' });
    assert.equal(registry.seen.length, 1);
  });

  it('happens while a registry that has answered is started again, not where nobody ever answered', async () => {
    const first = await serve((_request, response) => response.end());
    const retry = { attempts: 40, baseDelay: 10 };
    await using client = new RegistryClient(first.address, { retry });
    await client.ping();
    await first[Symbol.asyncDispose]();
    await using stranger = new RegistryClient(first.address, { retry: { attempts: 2, baseDelay: 60_000 } });
    await assert.rejects(stranger.ping(), { code: 'ERR_OCI_REGISTRY_UNREACHABLE' });
    const port = Number(first.address.split(':')[1]);
    const again = delay(60).then(() => serve((_request, response) => response.end(), port));
    await client.ping();
    await (await again)[Symbol.asyncDispose]();
    await using impatient = new RegistryClient(first.address, { retry: { attempts: 2, baseDelay: 1 } });
    const briefly = await serve((_request, response) => response.end(), port);
    await impatient.ping();
    await briefly[Symbol.asyncDispose]();
    await assert.rejects(impatient.ping(), { code: 'ERR_OCI_REGISTRY_BROKEN', message: /ECONNREFUSED/ });
  });

  it('stops at once when the signal aborts', async () => {
    await using registry = await registryThat((_request, response) => json(response, 503, {}, { 'retry-after': '20' }));
    const signal = AbortSignal.timeout(100);
    await assert.rejects(registry.client.ping({ signal }), { name: 'TimeoutError' });
  });

  it('gives up on a registry that says nothing', async () => {
    await using registry = await registryThat(() => undefined, { idleTimeout: 30 });
    await assert.rejects(registry.client.ping(), { code: 'ERR_OCI_REGISTRY_BROKEN' });
    assert.equal(registry.seen.length, 3);
  });
});

describe('a registry that drips', () => {
  it('is given up after the tries that are left, though it is never silent', async () => {
    const answer: Answer = (request, response) => {
      response.writeHead(request.headers.range ? 206 : 200, {
        'content-length': '2000',
        'content-range': `bytes ${/\d+/.exec(request.headers.range ?? '0')?.[0]}-1999/2000`,
      });
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(drip));
    };
    await using registry = await registryThat(answer, { idleTimeout: 60, leastBytes: 1000 });
    await assert.rejects(collect(registry.store.stream(descriptor)), { code: 'ERR_OCI_REGISTRY_BROKEN' });
    assert.equal(registry.seen.length, 3);
  });
});

describe('an upload in parts', () => {
  it('goes on where the registry says that it stands', async () => {
    let stored = Buffer.alloc(0);
    const offsets: string[] = [];
    const answer: Answer = async (request, response) => {
      const headers = { location: `/upload?at=${stored.length}`, range: `0-${stored.length - 1}` };
      if (request.method === 'HEAD') response.writeHead(404).end();
      else if (request.method === 'POST') response.writeHead(202, headers).end();
      else if (request.method === 'GET') response.writeHead(204, headers).end();
      else if (request.method === 'PUT') response.writeHead(201).end();
      else {
        offsets.push(request.headers['content-range'] ?? '');
        const part = await collect(request);
        const broken = offsets.length === 2;
        stored = Buffer.concat([stored, broken ? part.subarray(0, 150) : part]);
        if (broken) request.socket.destroy();
        else response.writeHead(202, { location: `/upload?at=${stored.length}` }).end();
      }
    };
    await using registry = await registryThat(answer, { partSize: 800 });
    await registry.store.push(descriptor, bytesSource(bytes));
    assert.ok(bytes.equals(stored));
    assert.deepEqual(offsets, ['0-799', '800-1599', '950-1749', '1750-1999']);
  });

  it('is given up when it breaks again and again at one place', async () => {
    await using registry = await registryThat(
      async (request, response) => {
        const { method } = request;
        if (method === 'PATCH' && request.headers['content-range']?.startsWith('800-')) request.socket.destroy();
        else {
          request.resume();
          const status = method === 'HEAD' || method === 'GET' ? 404 : 202;
          response.writeHead(status, { location: '/upload' }).end();
        }
      },
      { partSize: 800 },
    );
    await assert.rejects(registry.store.push(descriptor, bytesSource(bytes)), { code: 'ERR_OCI_REGISTRY_BROKEN' });
  });
});

describe('a registry that breaks the rules', () => {
  const answers: { what: string; answer: Answer; code: string }[] = [
    { what: 'damaged bytes', answer: (_, response) => response.end(randomBytes(2000)), code: 'ERR_OCI_CONTENT_WRONG' },
    { what: 'too few bytes', answer: (_, response) => response.end(bytes.subarray(1)), code: 'ERR_OCI_CONTENT_SHORT' },
    { what: 'too many bytes', answer: (_, response) => response.end(randomBytes(9000)), code: 'ERR_OCI_CONTENT_LONG' },
    {
      what: 'a redirect without end',
      answer: (_, response) => response.writeHead(307, { location: '/v2/' }).end(),
      code: 'ERR_OCI_REGISTRY_PROTOCOL',
    },
    {
      what: 'a redirect to a file',
      answer: (_, response) => response.writeHead(307, { location: 'file:///etc/passwd' }).end(),
      code: 'ERR_OCI_REGISTRY_PROTOCOL',
    },
  ];
  for (const { what, answer, code } of answers) {
    it(`is found out when a blob comes as ${what}`, async () => {
      await using registry = await registryThat(answer);
      await assert.rejects(collect(registry.store.stream(descriptor)), { code });
    });
  }

  it('is named where it ignores a range or sends another', async () => {
    const head = { 'content-length': '2000' };
    const ways: { answer: Answer; code: string }[] = [
      { answer: (_, response) => response.end(bytes), code: 'ERR_OCI_RANGE_IGNORED' },
      {
        answer: (_, response) =>
          response.writeHead(206, { 'content-range': 'bytes 0-9/2000' }).end(bytes.subarray(0, 10)),
        code: 'ERR_OCI_REGISTRY_PROTOCOL',
      },
      {
        answer: (_, response) =>
          response.writeHead(206, { 'content-range': 'bytes 5-14/2000' }).end(bytes.subarray(5, 90)),
        code: 'ERR_OCI_REGISTRY_PROTOCOL',
      },
    ];
    for (const { answer, code } of ways) {
      await using registry = await registryThat((request, response) => {
        if (request.method === 'HEAD') response.writeHead(200, head).end();
        else answer(request, response);
      });
      await using source = await registry.store.open(descriptor);
      await assert.rejects(source.readInto(5, new Uint8Array(10)), { code });
    }
  });

  it('cannot fill memory with an error or a manifest without end', async () => {
    await using registry = await registryThat((request, response) => {
      response.writeHead(request.url === '/v2/' ? 418 : 200);
      const pour = () => {
        while (response.write(Buffer.alloc(1 << 16, ' '))) if (response.destroyed) return;
      };
      response.on('drain', pour);
      pour();
    });
    await assert.rejects(registry.client.ping(), { code: 'ERR_OCI_REGISTRY_REFUSED' });
    await assert.rejects(registry.store.manifest(descriptor), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
  });

  it('ends an upload with its early answer, without taking the whole body', async () => {
    await using registry = await registryThat((request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end();
      else if (request.method === 'POST') response.writeHead(202, { location: '/upload?state=secret' }).end();
      else json(response, 413, { errors: [{ code: 'SIZE', message: 'too much' }] });
    });
    const large = { mediaType: 'x/y', digest: descriptor.digest, size: 1 << 30 };
    let sent = 0;
    const endless = (async function* () {
      for (;;) {
        sent += 1 << 20;
        yield new Uint8Array(1 << 20);
      }
    })();
    await assert.rejects(registry.store.push(large, endless), (error) => {
      assert.match(messageOf(error), /413: SIZE too much/);
      assert.doesNotMatch(messageOf(error), /secret/);
      return true;
    });
    assert.ok(sent < 1 << 29, `${sent} bytes were sent`);
  });

  it('is asked for the manifest itself where the head of the answer says too little', async () => {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [] }));
    await using registry = await registryThat((request, response) =>
      response.end(request.method === 'HEAD' ? '' : manifest),
    );
    assert.equal((await registry.store.resolve('v1')).digest, describeBytes(manifest).digest);
  });

  it('may neither store a manifest under another digest nor begin an upload without a place', async () => {
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: descriptor, layers: [] }));
    await using registry = await registryThat((request, response) => {
      request.resume();
      response.writeHead(201, { 'docker-content-digest': describeBytes(randomBytes(2)).digest }).end();
    });
    const put = registry.store.putManifest(manifest, 'application/vnd.oci.image.manifest.v1+json');
    await assert.rejects(put, { code: 'ERR_OCI_REGISTRY_PROTOCOL' });
    await assert.rejects(registry.store.push({ ...descriptor, size: 1 }, chunked(bytes)));
  });
});
