/** Who a registry may ask us to be, and who gets to know. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { bytesSource, digestOf, StillframeError } from '@stillframe/core';
import { needs, startRegistry } from '@stillframe/testkit';
import { chunked, collect, describeBytes, putSmallImage } from '../content.suite.ts';
import { Authorizer } from './authorizer.ts';
import { RegistryClient } from './client.ts';
import type { CredentialsProvider } from './credentials.ts';
import { json, registryThat, serve } from './fake.suite.ts';
import type { HttpTransport } from './http.ts';
import type { Origin } from './origin.ts';

const bytes = randomBytes(2000);
const descriptor = describeBytes(bytes);
const password: CredentialsProvider = {
  credentialsFor: async () => ({ kind: 'password', username: 'ann', password: 'open sesame' }),
};
const basic = `Basic ${Buffer.from('ann:open sesame').toString('base64')}`;

describe('authorization', () => {
  it('gets a token from the server that the challenge names, once for a purpose', async () => {
    const asked: { url: string; authorization: string | undefined }[] = [];
    await using tokens = await serve((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
      json(response, 200, { token: 'abc.def', expires_in: 300 });
    });
    const challenge = `Bearer realm="http://${tokens.address}/token",service="here",scope="repository:a/b:pull"`;
    await using registry = await registryThat(
      (request, response) => {
        if (request.headers.authorization === 'Bearer abc.def') response.end(bytes);
        else json(response, 401, {}, { 'www-authenticate': challenge });
      },
      { credentials: password },
    );
    await collect(registry.store.stream(descriptor));
    await collect(registry.store.stream(descriptor));
    assert.deepEqual(asked, [{ url: '/token?service=here&scope=repository%3Aa%2Fb%3Apull', authorization: basic }]);
    assert.equal(registry.seen.length, 3);
  });

  it('renews a token that has run out before it sends a body that cannot be sent twice', async () => {
    let tokens = 0;
    await using server = await serve((_request, response) => {
      tokens += 1;
      json(response, 200, { token: `t${tokens}`, expires_in: 1 });
    });
    const challenge = `Bearer realm="http://${server.address}/token"`;
    await using registry = await registryThat(async (request, response) => {
      const { method } = request;
      await collect(request);
      if (request.headers.authorization !== `Bearer t${tokens}`)
        json(response, 401, {}, { 'www-authenticate': challenge });
      else if (method === 'HEAD') response.writeHead(404).end();
      else response.writeHead(method === 'POST' ? 202 : 201, { location: '/upload' }).end();
    });
    const once = chunked(bytes)[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array>;
    await registry.store.push(descriptor, once);
    assert.equal(tokens, 3);
  });

  it('sends no password to a token server without TLS that a registry with TLS names', async () => {
    const sent: unknown[] = [];
    const transport = { send: async (request: unknown) => sent.push(request) };
    const origin = { url: async () => new URL('https://registry.example') };
    const authorizer = new Authorizer(
      'registry.example',
      origin as unknown as Origin,
      password,
      transport as unknown as HttpTransport,
    );
    const challenge = 'Bearer realm="http://registry.example/token"';
    await assert.rejects(authorizer.answer(challenge, { scopes: [] }, undefined), {
      code: 'ERR_OCI_REGISTRY_PROTOCOL',
    });
    assert.deepEqual(sent, []);
  });

  for (const kind of ['password', 'identity-token'] as const) {
    it(`does not follow a redirect of the token server with a ${kind}`, async () => {
      const seen: string[] = [];
      await using elsewhere = await serve((request, response) => {
        seen.push(request.url ?? '');
        json(response, 200, { token: 'abc' });
      });
      await using tokens = await serve((request, response) => {
        request.resume();
        response.writeHead(307, { location: `http://${elsewhere.address}/token` }).end();
      });
      const given = kind === 'password' ? password : { credentialsFor: async () => ({ kind, token: 'open sesame' }) };
      await using registry = await registryThat(
        (_request, response) =>
          json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.address}/t"` }),
        { credentials: given },
      );
      await assert.rejects(registry.client.ping(), (error) => {
        assert.ok(StillframeError.is(error));
        assert.match(error.message, /^token for .*: the registry answered 307/);
        assert.doesNotMatch(JSON.stringify([error.message, error.details]), /sesame/);
        return true;
      });
      assert.deepEqual(seen, []);
    });
  }

  it('exchanges an identity token by POST', async () => {
    let form = '';
    await using tokens = await serve(async (request, response) => {
      form = Buffer.from(await collect(request)).toString();
      json(response, 200, { access_token: 'xyz' });
    });
    await using registry = await registryThat(
      (request, response) => {
        if (request.headers.authorization === 'Bearer xyz') response.end();
        else json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${tokens.address}/t",service="s"` });
      },
      { credentials: { credentialsFor: async () => ({ kind: 'identity-token', token: 'refresh' }) } },
    );
    await registry.client.ping();
    assert.equal(form, 'grant_type=refresh_token&refresh_token=refresh&client_id=stillframe&service=s&scope=');
  });

  it('shows a registry token as it is, without asking a token server', async () => {
    await using registry = await registryThat(
      (request, response) => {
        if (request.headers.authorization === 'Bearer given') response.end();
        else json(response, 401, {}, { 'www-authenticate': 'Bearer realm="http://127.0.0.1:1/t"' });
      },
      { credentials: { credentialsFor: async () => ({ kind: 'registry-token', token: 'given' }) } },
    );
    await registry.client.ping();
  });

  it('gives a name and password where Basic is asked for', async () => {
    await using registry = await registryThat(
      (request, response) => {
        if (request.headers.authorization === basic) response.end();
        else json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
      },
      { credentials: password },
    );
    await registry.client.ping();
    await registry.client.ping();
    assert.equal(registry.seen.length, 3);
  });

  it('fails with a typed error that holds no secret, even where the registry repeats one', async () => {
    await using registry = await registryThat(
      (request, response) => {
        const message = `no entry for open sesame (${request.headers.authorization})\u001b[2J`;
        const errors = [{ code: 'UNAUTHORIZED', message }];
        json(response, 401, { errors }, { 'www-authenticate': 'Basic realm="x"' });
      },
      { credentials: password },
    );
    await assert.rejects(registry.client.ping(), (error) => {
      assert.ok(StillframeError.is(error));
      assert.equal(error.code, 'ERR_OCI_REGISTRY_UNAUTHORIZED');
      assert.doesNotMatch(JSON.stringify([error.message, error.details]), /sesame|YW5u|\\u001b/);
      return true;
    });
  });

  it('does not follow a redirect of another origin with the credentials', async () => {
    const seen: (string | undefined)[] = [];
    await using storage = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end(bytes);
    });
    await using registry = await registryThat(
      (request, response) => {
        if (request.headers.authorization !== basic) json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
        else response.writeHead(307, { location: `http://${storage.address}/x?signature=1` }).end();
      },
      { credentials: password },
    );
    assert.equal((await collect(registry.store.stream(descriptor))).length, bytes.length);
    assert.deepEqual(seen, [undefined]);
  });

  for (const partSize of [500, 5000]) {
    it(`does not show credentials where an upload in parts of ${partSize} bytes is to go to another origin`, async () => {
      const seen: [string | undefined, string | undefined][] = [];
      await using storage = await serve(async (request, response) => {
        const { host } = request.headers;
        await collect(request);
        seen.push([request.method, request.headers.authorization]);
        response.writeHead(request.method === 'PATCH' ? 202 : 201, { location: `http://${host}/session` }).end();
      });
      await using registry = await registryThat(
        (request, response) => {
          if (request.headers.authorization !== basic)
            json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
          else if (request.method === 'HEAD') response.writeHead(404).end();
          else response.writeHead(202, { location: `http://${storage.address}/session` }).end();
        },
        { credentials: password, partSize },
      );
      await registry.store.push(descriptor, bytesSource(bytes));
      const parts = partSize < bytes.length ? Array(bytes.length / partSize).fill(['PATCH', undefined]) : [];
      assert.deepEqual(seen, [...parts, ['PUT', undefined]]);
    });
  }

  it('is not given to another origin that asks for it, nor is what is sent taken there by a redirect', async () => {
    const seen: [string | undefined, string | undefined][] = [];
    await using storage = await serve((request, response) => {
      seen.push([request.method, request.headers.authorization]);
      json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
    });
    await using registry = await registryThat(
      (request, response) => {
        request.resume();
        if (request.headers.authorization !== basic) json(response, 401, {}, { 'www-authenticate': 'Basic realm="x"' });
        else if (request.method === 'HEAD') response.writeHead(404).end();
        else if (request.method === 'POST') response.writeHead(202, { location: '/upload' }).end();
        else response.writeHead(307, { location: `http://${storage.address}/x` }).end();
      },
      { credentials: password },
    );
    await assert.rejects(collect(registry.store.stream(descriptor)), { code: 'ERR_OCI_REGISTRY_UNAUTHORIZED' });
    await assert.rejects(registry.store.push(descriptor, bytesSource(bytes)), { code: 'ERR_OCI_REGISTRY_REFUSED' });
    assert.deepEqual(seen, [['GET', undefined]]);
  });
});

describe('a real registry that asks who one is', needs('docker-registry'), () => {
  const users = 'ann:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW';
  const as = (secret: string): CredentialsProvider => ({
    credentialsFor: async () => ({ kind: 'password', username: 'ann', password: secret }),
  });

  it('lets in whoever is right, and tells whoever is wrong, without the password', async () => {
    await using running = await startRegistry({ users });
    await using right = new RegistryClient(running.address, { credentials: as('open sesame') });
    await putSmallImage(right.repository('a/b'), 'v1');
    for (const credentials of [as('open barley'), undefined]) {
      await using wrong = new RegistryClient(running.address, { credentials });
      for (const refused of [
        () => wrong.repository('a/b').resolve('v1'),
        () => putSmallImage(wrong.repository('a/b'), 'v1'),
        () => wrong.repository('a/b').remove(digestOf(bytes)),
      ])
        await assert.rejects(refused(), (error) => {
          assert.ok(StillframeError.is(error));
          assert.equal(error.code, 'ERR_OCI_REGISTRY_UNAUTHORIZED');
          assert.match(error.hint ?? '', /log in/);
          assert.doesNotMatch(JSON.stringify([error.message, error.details]), /barley/);
          return true;
        });
    }
  });
});
