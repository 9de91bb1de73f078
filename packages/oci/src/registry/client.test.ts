/** Against the distribution project's registry, where it is installed. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bytesSource, Sha256 } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs, startRegistry } from '@stillframe/testkit';
import { chunked, collect, contentStoreSuite, describeBytes, putSmallImage } from '../content.suite.ts';
import { CopyError, type CopyProgress, copyImage } from '../copy.ts';
import { Layout } from '../layout/index.ts';
import { referrersSuite } from '../referrers.suite.ts';
import { replayable } from '../verify.ts';
import { RegistryClient, type RegistryOptions } from './client.ts';
import { serve } from './fake.suite.ts';

const gate = needs('docker-registry');
const running = gate.skip === false ? await startRegistry() : undefined;
const address = running?.address ?? '127.0.0.1:1';
const retry = { attempts: 4, baseDelay: 5 };
let made = 0;
after(() => running?.[Symbol.asyncDispose]());

async function openRepository(options: RegistryOptions = {}) {
  const client = new RegistryClient(address, { retry, ...options });
  made += 1;
  return {
    client,
    store: client.repository(`test/n${made}`),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

contentStoreSuite('a registry', openRepository, gate);
referrersSuite('a registry', openRepository, gate);

describe('a real registry', gate, () => {
  it('answers a ping', async () => {
    await using client = new RegistryClient(address);
    await client.ping();
  });

  it('mounts a blob of another repository without its being sent', async () => {
    await using opened = await openRepository();
    const bytes = randomBytes(10_000);
    await opened.store.push(describeBytes(bytes), chunked(bytes));
    const other = opened.client.repository(`${opened.store.name}-mounted`);
    assert.equal(await other.mount(describeBytes(bytes), opened.store.place), true);
    assert.equal(await other.has(describeBytes(bytes)), true);
    const missing = describeBytes(randomBytes(10));
    assert.equal(await other.mount(missing, opened.store.place), false);
    assert.equal(await other.mount(describeBytes(bytes), { ...opened.store.place, registry: 'elsewhere:5000' }), false);
  });

  it('copies within itself by mounts alone', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'copy');
    await using opened = await openRepository();
    const from = await Layout.create(join(folder.path, 'from'));
    const { descriptor } = (await putSmallImage(from, 'v1')).image.manifest;
    await copyImage(from, opened.store, descriptor, { tag: 'v1' });
    const other = opened.client.repository(`${opened.store.name}-beside`);
    const states: string[] = [];
    const onProgress = ({ state, descriptor: { digest } }: CopyProgress) => {
      if (digest !== descriptor.digest) states.push(state);
    };
    await copyImage(opened.store, other, descriptor, { tag: 'v1', onProgress });
    assert.deepEqual(states, ['mounted', 'mounted']);
    assert.deepEqual(await other.resolve('v1'), await opened.store.resolve('v1'));
  });

  it('removes a manifest by its digest, and says of a tag that it cannot', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'remove');
    await using opened = await openRepository();
    const from = await Layout.create(join(folder.path, 'from'));
    const { descriptor } = (await putSmallImage(from, 'v1')).image.manifest;
    await copyImage(from, opened.store, descriptor, { tag: 'v1' });
    await assert.rejects(opened.store.remove('v1'), {
      code: 'ERR_OCI_REMOVE_UNSUPPORTED',
      message: /v1/,
      hint: new RegExp(`${opened.store.name}@${descriptor.digest}$`),
    });
    await opened.store.remove(descriptor.digest);
    await assert.rejects(opened.store.resolve('v1'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    await assert.rejects(opened.store.remove(descriptor.digest), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  });

  it('takes a byte source in several parts', async () => {
    await using opened = await openRepository({ partSize: 100_000 });
    const bytes = randomBytes(450_123);
    await opened.store.push(describeBytes(bytes), bytesSource(bytes));
    assert.ok(bytes.equals(await collect(opened.store.stream(describeBytes(bytes)))));
  });

  it('refuses parts that make up wrong content', async () => {
    await using opened = await openRepository({ partSize: 1000 });
    const bytes = randomBytes(5000);
    const push = opened.store.push(describeBytes(bytes), bytesSource(randomBytes(5000)));
    await assert.rejects(push, { code: 'ERR_OCI_CONTENT_WRONG' });
  });

  it('carries an image from a layout and back, and sends nothing the second time', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'copy');
    await using opened = await openRepository();
    const from = await Layout.create(join(folder.path, 'from'));
    const to = await Layout.create(join(folder.path, 'to'));
    const { image } = await putSmallImage(from, 'v1');
    const descriptor = image.manifest.descriptor;
    const states: CopyProgress['state'][] = [];
    const onProgress = ({ state }: CopyProgress) => states.push(state);
    await copyImage(from, opened.store, descriptor, { tag: 'v1' });
    await copyImage(from, opened.store, descriptor, { tag: 'v1', onProgress });
    assert.deepEqual(states, ['present', 'present', 'copied']);
    await copyImage(opened.store, to, await opened.store.resolve('v1'), { tag: 'v1' });
    assert.equal((await to.resolve('v1')).digest, descriptor.digest);
  });

  it('says which side of a copy failed', async () => {
    await using folder = await openTemporaryFolder(tmpdir(), 'copy');
    await using opened = await openRepository();
    await using nowhere = new RegistryClient('127.0.0.1:1', { retry });
    const from = await Layout.create(join(folder.path, 'from'));
    const { image } = await putSmallImage(from, 'v1');
    const descriptor = image.manifest.descriptor;
    const target = copyImage(from, nowhere.repository('a/b'), descriptor);
    await assert.rejects(target, (error) => error instanceof CopyError && error.side === 'target');
    const source = copyImage(opened.store, from, { ...descriptor, digest: describeBytes(randomBytes(3)).digest });
    await assert.rejects(source, (error) => error instanceof CopyError && error.side === 'source');
  });

  it('goes on with an upload and a download where the connection broke', async () => {
    const breaking = { PATCH: 2, GET: 2 };
    await using proxy = await serve((incoming, outgoing) => forward(incoming, outgoing, breaking));
    await using client = new RegistryClient(proxy.address, { retry, partSize: 1 << 20 });
    const store = client.repository('test/broken');
    const bytes = randomBytes((3 << 20) + 17);
    await store.push(describeBytes(bytes), bytesSource(bytes));
    assert.equal(breaking.PATCH, 0);
    assert.ok(bytes.equals(await collect(store.stream(describeBytes(bytes)))));
    assert.equal(breaking.GET, 0);
  });

  it('starts a whole upload again where the content can be read again, and fails where it cannot', async () => {
    const breaking = { PUT: 1 };
    await using proxy = await serve((incoming, outgoing) => forward(incoming, outgoing, breaking));
    await using client = new RegistryClient(proxy.address, { retry });
    const store = client.repository('test/again');
    const bytes = randomBytes(1 << 20);
    await store.push(describeBytes(bytes), chunked(bytes, 50_000));
    assert.equal(await store.has(describeBytes(bytes)), true);
    breaking.PUT = 1;
    const other = randomBytes(8 << 20);
    const once = chunked(other, 50_000)[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array>;
    const failing = store.push(describeBytes(other), once);
    await assert.rejects(failing, { code: 'ERR_OCI_REGISTRY_BROKEN' });
  });

  it('streams 256 MiB both ways without holding it', async () => {
    await using opened = await openRepository();
    const megabyte = randomBytes(1 << 20);
    const whole = replayable(async function* () {
      for (let index = 0; index < 256; index += 1) yield megabyte;
    });
    const hash = new Sha256();
    for await (const chunk of whole) hash.update(chunk);
    const descriptor = { mediaType: 'application/octet-stream', digest: hash.digest(), size: 256 << 20 };
    const before = process.memoryUsage().rss;
    await opened.store.push(descriptor, whole);
    let size = 0;
    for await (const chunk of opened.store.stream(descriptor)) size += chunk.length;
    assert.equal(size, descriptor.size);
    const growth = process.memoryUsage().rss - before;
    assert.ok(growth < 128 << 20, `resident memory grew by ${growth >> 20} MiB`);
  });
});

/** A proxy before the real registry that breaks so many connections of a method in the middle of their body. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse, breaking: Record<string, number>): void {
  const method = incoming.method ?? 'GET';
  const blob = /\/blobs\//.test(incoming.url ?? '') && !(method === 'GET' && /\/uploads\//.test(incoming.url ?? ''));
  const cut = blob && (breaking[method] ?? 0) > 0 ? 300_000 : Number.POSITIVE_INFINITY;
  if (cut !== Number.POSITIVE_INFINITY) breaking[method] = (breaking[method] ?? 0) - 1;
  const { host = '' } = incoming.headers;
  const onward = request(`http://${address}${incoming.url}`, { method, headers: { ...incoming.headers, host } });
  const breakAfter = (stream: IncomingMessage) => {
    let seen = 0;
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen < cut) return;
      onward.destroy();
      incoming.socket.destroy();
    });
  };
  onward.on('error', () => incoming.socket.destroy());
  onward.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (method === 'GET') breakAfter(answer);
    answer.on('error', () => outgoing.destroy());
    answer.pipe(outgoing);
  });
  if (method !== 'GET') breakAfter(incoming);
  incoming.on('error', () => onward.destroy());
  incoming.pipe(onward);
}
