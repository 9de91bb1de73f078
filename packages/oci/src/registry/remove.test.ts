/** Removing from registries that do not, and mounting where that is not allowed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { digestOf } from '@stillframe/core';
import { collect, describeBytes } from '../content.suite.ts';
import { json, registryThat, serve } from './fake.suite.ts';

const { digest } = describeBytes(randomBytes(10));

describe('removing from a registry', () => {
  it('asks for the right to delete, and sends the digest', async () => {
    const scopes: string[] = [];
    await using tokens = await serve((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      scopes.push(searchParams.getAll('scope').join(' '));
      json(response, 200, { token: `t${scopes.length}` });
    });
    await using registry = await registryThat((request, response) => {
      const challenge = { 'www-authenticate': `Bearer realm="http://${tokens.address}/"` };
      if (!request.headers.authorization) json(response, 401, {}, challenge);
      else if (request.method === 'DELETE') response.writeHead(202).end();
      else json(response, 200, {}, { 'content-type': 'text/plain' });
    });
    await registry.store.remove(digest);
    assert.equal(scopes.at(-1), 'repository:a/b:pull,push,delete');
    const { method, url, headers } = registry.seen.at(-1) ?? {};
    assert.deepEqual(
      [method, url, headers?.authorization],
      ['DELETE', `/v2/a/b/manifests/${digest}`, `Bearer t${scopes.length}`],
    );
  });

  it('that does not remove is told by what its keeper has to set, and of a tag by what may work instead', async () => {
    await using registry = await registryThat((request, response) => {
      if (request.method === 'DELETE') json(response, 405, { errors: [{ code: 'UNSUPPORTED', message: 'no' }] });
      else json(response, 200, {});
    });
    const refused = { code: 'ERR_OCI_REMOVE_UNSUPPORTED' };
    await assert.rejects(registry.store.remove(digest), { ...refused, hint: /storage\.delete\.enabled/ });
    await assert.rejects(registry.store.remove('v1'), { ...refused, hint: /by digest, and then all tags/ });
  });

  it('by somebody who may not is denied, not passed over', async () => {
    await using registry = await registryThat((request, response) =>
      json(response, request.method === 'DELETE' ? 403 : 200, {}),
    );
    await assert.rejects(registry.store.remove(digest), { code: 'ERR_OCI_REGISTRY_DENIED' });
  });
});

describe('mounting a blob', () => {
  for (const status of [202, 400, 401, 403, 404, 405]) {
    it(`that is answered with ${status} is none: the bytes are sent instead`, async () => {
      const bytes = randomBytes(100);
      const sent: Buffer[] = [];
      await using registry = await registryThat(async (request, response) => {
        const { method, url } = request;
        const body = await collect(request);
        if (method === 'POST' && url?.includes('mount=')) json(response, status, {});
        else if (method === 'HEAD') response.writeHead(404).end();
        else if (method === 'POST') response.writeHead(202, { location: '/upload' }).end();
        else {
          sent.push(Buffer.from(body));
          response.writeHead(201).end();
        }
      });
      const descriptor = { ...describeBytes(bytes), digest: digestOf(bytes) };
      const from = { registry: registry.address, name: 'other' };
      assert.equal(await registry.store.mount(descriptor, from), false);
      await registry.store.push(
        descriptor,
        (async function* () {
          yield bytes;
        })(),
      );
      assert.ok(bytes.equals(Buffer.concat(sent)));
    });
  }
});
