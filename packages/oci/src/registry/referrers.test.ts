/** Referrers of a registry that has the API for them, played here, and of a real one that keeps them by a tag. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { digestOf } from '@stillframe/core';
import { needs, startRegistry } from '@stillframe/testkit';
import { putArtifact, referrersTag } from '../artifact.ts';
import { putSmallImage } from '../content.suite.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { buildIndex } from '../image-build.ts';
import { RegistryClient } from './client.ts';
import { json, registryThat } from './fake.suite.ts';

const listed = (artifactType: string): Descriptor => {
  const bytes = randomBytes(10);
  return { mediaType: mediaTypes.manifest, digest: digestOf(bytes), size: bytes.length, artifactType };
};
const subject: Descriptor = { mediaType: mediaTypes.manifest, digest: digestOf(randomBytes(3)), size: 3 };
const page = (response: ServerResponse, manifests: readonly Descriptor[], link?: string) =>
  json(response, 200, { schemaVersion: 2, mediaType: mediaTypes.index, manifests }, link ? { link } : {});
const paths = (seen: readonly IncomingMessage[]) => seen.map(({ method, url }) => `${method} ${url}`);

describe('a registry with the API of referrers', () => {
  it('is asked for the type, page by page, and what it does not choose by itself is chosen here', async () => {
    const [one, two, three] = [listed('text/a'), listed('text/b'), listed('text/a')];
    const first = `/v2/a/b/referrers/${subject.digest}?artifactType=text%2Fa`;
    await using registry = await registryThat((request, response) => {
      if (request.url === first) page(response, [one, two], `</v2/a/b/referrers/next?n=2>; rel="next"`);
      else page(response, [three]);
    });
    const found = await registry.store.referrers(subject.digest, { artifactType: 'text/a' });
    assert.deepEqual(
      found.map(({ digest }) => digest),
      [one.digest, three.digest],
    );
    assert.deepEqual(paths(registry.seen), [`GET ${first}`, 'GET /v2/a/b/referrers/next?n=2']);
  });

  it('gets no list by a tag where it says that it keeps the subject', async () => {
    await using registry = await registryThat((request, response) => {
      request.resume();
      const headers = { 'oci-subject': subject.digest, location: '/upload' };
      response.writeHead(request.method === 'HEAD' ? 404 : request.method === 'POST' ? 202 : 201, headers).end();
    });
    const bytes = randomBytes(20);
    await putArtifact(registry.store, { artifactType: 'text/a', mediaType: 'text/a', subject, bytes });
    const manifests = paths(registry.seen).filter((each) => each.includes('/manifests/'));
    assert.equal(manifests.length, 1);
    assert.match(manifests[0] ?? '', /^PUT .*\/manifests\/sha256:/);
  });

  it('cannot keep us with pages without end, nor send us out of encryption', async () => {
    await using endless = await registryThat((_request, response) =>
      page(response, Array(4000).fill(listed('text/a')), '</v2/a/b/referrers/more>; rel="next"'),
    );
    await assert.rejects(endless.store.referrers(subject.digest), { code: 'ERR_OCI_DOCUMENT_TOO_LARGE' });
    assert.equal(endless.seen.length, 3);
    await using elsewhere = await registryThat((_request, response) =>
      page(response, [], '<file:///etc/passwd>; rel="next"'),
    );
    await assert.rejects(elsewhere.store.referrers(subject.digest), { code: 'ERR_OCI_REGISTRY_PROTOCOL' });
  });

  it('that fails is not taken for one without the API', async () => {
    await using registry = await registryThat((_request, response) => json(response, 403, {}));
    await assert.rejects(registry.store.referrers(subject.digest), { code: 'ERR_OCI_REGISTRY_DENIED' });
  });
});

describe('a registry that keeps referrers by a tag', needs('docker-registry'), () => {
  it('keeps the other entries and the annotations of the list when one is added or removed', async () => {
    await using running = await startRegistry();
    await using client = new RegistryClient(running.address);
    const store = client.repository('a/b');
    const { image } = await putSmallImage(store, 'v1');
    const { digest } = image.manifest.descriptor;
    const foreign = (await putSmallImage(store, 'v2')).image.manifest.descriptor;
    const list = buildIndex({ manifests: [foreign], annotations: { kept: 'yes' } });
    await store.putManifest(list.bytes, mediaTypes.index, { tag: referrersTag(digest) });
    const told = { artifactType: 'text/a', mediaType: 'text/a', subject: image.manifest.descriptor };
    const added = await putArtifact(store, { ...told, bytes: randomBytes(5) });
    const digests = async () => (await store.referrers(digest)).map((each) => each.digest);
    assert.deepEqual(await digests(), [foreign.digest, added.digest]);
    await store.remove(added.digest);
    assert.deepEqual(await digests(), [foreign.digest]);
    const kept = await store.manifest(await store.resolve(referrersTag(digest)));
    assert.deepEqual(JSON.parse(Buffer.from(kept).toString()).annotations, { kept: 'yes' });
  });

  it('keeps an image that has the tag of a list, and the push is told of it', async () => {
    await using running = await startRegistry();
    await using client = new RegistryClient(running.address);
    const store = client.repository('a/b');
    const { descriptor } = (await putSmallImage(store, 'v1')).image.manifest;
    const tag = referrersTag(descriptor.digest);
    const other = (await putSmallImage(store, tag)).image.manifest.descriptor;
    assert.deepEqual(await store.referrers(descriptor.digest), []);
    const put = putArtifact(store, {
      artifactType: 'text/a',
      mediaType: 'text/a',
      subject: descriptor,
      bytes: randomBytes(5),
    });
    await assert.rejects(put, { code: 'ERR_OCI_REGISTRY_REFUSED', message: new RegExp(tag), hint: /remove it there/ });
    assert.equal((await store.resolve(tag)).digest, other.digest);
  });
});
