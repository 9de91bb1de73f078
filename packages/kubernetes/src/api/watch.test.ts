/** A watch over real TLS, from a server that says what it is told to. */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { openNodePki } from '@stillframe/kubelet';
import { type ClusterApi, openClusterApi } from './cluster-api.ts';
import { type WatchEvent, watchList } from './watch.ts';

describe('a watch', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let api: ClusterApi;
  let says: (response: ServerResponse) => void;
  let asked = '';

  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    const pki = await openNodePki({ folder: join(folder.path, 'pki'), nodeName: 'api' });
    server = createServer({ cert: pki.server, key: pki.serverKey }, (request, response) => {
      asked = request.url ?? '';
      says(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    api = openClusterApi({
      ...{ server: `https://localhost:${(server.address() as AddressInfo).port}`, context: 'fake', kubeNamespace: 'x' },
      credentials: async () => ({ ca: pki.authority, headers: {} }),
    });
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await folder[Symbol.asyncDispose]();
  });
  const eventsOf = async (signal?: AbortSignal) => {
    const events: WatchEvent[] = [];
    for await (const each of watchList(api, '/api/v1/pods', { resourceVersion: '7', timeout: 30, signal }))
      events.push(each);
    return events;
  };
  const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

  it('tells what came after a version, however its lines are cut', async () => {
    says = (response) => {
      const all = Buffer.from(
        line('ADDED', { metadata: { name: 'ä' } }) + line('BOOKMARK', { metadata: { resourceVersion: '9' } }),
      );
      for (const byte of all) response.write(Buffer.from([byte]));
      response.end();
    };
    assert.deepEqual(await eventsOf(), [
      { type: 'ADDED', object: { metadata: { name: 'ä' } } },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
    ]);
    assert.equal(asked, '/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=30');
  });

  it('says that its version is gone, at its beginning or in its middle', async () => {
    const status = { kind: 'Status', code: 410, message: 'too old resource version' };
    says = (response) => response.writeHead(410).end(JSON.stringify(status));
    await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_GONE' });
    says = (response) => response.end(line('ADDED', {}) + line('ERROR', status));
    await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_GONE' });
  });

  it('is an error of the cluster where it breaks off, is refused or is nonsense', async () => {
    says = (response) => {
      response.write(line('ADDED', {}));
      setTimeout(() => response.destroy(), 20);
    };
    await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_UNREACHABLE' });
    says = (response) => response.writeHead(403).end('{"kind":"Status","message":"no"}');
    await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_FORBIDDEN' });
    for (const wrong of ['nonsense\n', line('LATER', {}), '{"type":"ADDED"}\n', `${'['.repeat(300)}\n`]) {
      says = (response) => response.end(wrong);
      await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_ANSWER' });
    }
    says = (response) => {
      for (let count = 0; count < 300; count += 1) response.write('x'.repeat(1 << 16));
      response.end();
    };
    await assert.rejects(eventsOf(), { code: 'ERR_CLUSTER_ANSWER' });
  });

  it('tells of the largest object that a tenant can make, all of it escaped', async () => {
    const spec = '\\u003c'.repeat(1_500_000);
    says = (response) => response.end(`{"type":"ADDED","object":{"spec":"${spec}"}}\n`);
    assert.equal((await eventsOf())[0]?.object['spec'], '<'.repeat(1_500_000));
  });

  it('ends at once with its signal', async () => {
    says = (response) => response.write(line('ADDED', {}));
    const ending = new AbortController();
    setTimeout(() => ending.abort(new Error('enough')), 50);
    await assert.rejects(eventsOf(ending.signal), { message: 'enough' });
  });
});
