import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bytesSource, digestOf, silentLogger } from '@stillframe/core';
import {
  buildImage,
  buildIndex,
  type ContentReader,
  copyImage,
  type ExecutionConfig,
  encryptingReader,
  Layout,
  mediaTypes,
  parsePrivateKey,
  parsePublicKey,
  putImage,
} from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { demand } from '../process/run.ts';
import { ImageStore, ociArchitecture } from './image-store.ts';

const options = needs('root');
let folder: string;
let registry: Layout;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillframe-images-'));
  registry = await Layout.create(join(folder, 'registry'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Stores a layer with one file. */
async function layerOf(file: string) {
  const tree = join(folder, `tree-${file}`);
  await mkdir(tree, { recursive: true });
  await writeFile(join(tree, file), file);
  const { stdout } = await demand([
    'tar',
    '--create',
    '--mtime=@0',
    '--directory',
    tree,
    '--file',
    `${tree}.tar`,
    '.',
  ]).then(() => demand(['base64', '-w0', `${tree}.tar`]));
  const bytes = Buffer.from(stdout, 'base64');
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  await registry.push(descriptor, bytesSource(bytes));
  return descriptor;
}

async function push(tag: string, file: string, config: ExecutionConfig = {}, architecture = ociArchitecture()) {
  const descriptor = await layerOf(file);
  const platform = { os: 'linux', architecture };
  const image = buildImage({ layers: [{ descriptor, diffID: descriptor.digest }], platform, config });
  return putImage(registry, image, { tag });
}

const open = (): ContentReader => registry;
let count = 0;
async function freshStore() {
  const place = join(folder, `store-${count++}`);
  return { place, store: await ImageStore.open(place, silentLogger) };
}
const blobs = (place: string) => readdir(join(place, 'layout', 'blobs', 'sha256'));

test('a name that is pulled again moves to the new image; the old one keeps its digest', options, async () => {
  const { store } = await freshStore();
  await push('v1', 'one', { Labels: { n: '1' } });
  const first = await store.pull('host.example/a:v1', { open });
  await push('v1', 'two', { Labels: { n: '2' } });
  const second = await store.pull('host.example/a:v1', { open });
  assert.notEqual(first.id, second.id);
  assert.equal(store.find('host.example/a:v1')?.id, second.id);
  assert.deepEqual(store.find(first.id)?.names, []);
  assert.equal(store.find(first.repoDigests[0] ?? '')?.id, first.id);
});

test('one image under several names is one record, and goes with all of them', options, async () => {
  const { store, place } = await freshStore();
  await push('v2', 'three', { User: '1003:1004' });
  const pulls = ['host.example/a:v2', 'other.example/b:v2', 'host.example/a:v2'].map((name) =>
    store.pull(name, { open }),
  );
  const ids = new Set((await Promise.all(pulls)).map(({ id }) => id));
  assert.equal(ids.size, 1);
  assert.deepEqual(store.list()[0]?.names.toSorted(), ['host.example/a:v2', 'other.example/b:v2']);
  assert.equal(store.list()[0]?.user, '1003:1004');
  await Promise.all([store.remove('other.example/b:v2'), store.remove('host.example/a:v2')]);
  assert.deepEqual(store.list(), []);
  assert.deepEqual(await blobs(place), []);
  assert.deepEqual(await readdir(store.layersFolder), []);
});

test(
  'an encrypted image is pulled by a node with the key, and stored decrypted; without one nothing is stored',
  options,
  async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const plain = await push('plain', 'secret');
    const reader = encryptingReader(registry, [await parsePublicKey(pem, 'ada')]);
    await copyImage(reader, registry, await reader.resolve('plain'), { tag: 'encrypted' });
    const { store, place } = await freshStore();
    const name = 'host.example/a:encrypted';
    await assert.rejects(store.pull(name, { open }), {
      code: 'ERR_OCI_LAYER_ENCRYPTED',
      hint: /images\.decryptionKeys/,
    });
    assert.deepEqual([store.list(), await blobs(place)], [[], []]);
    const secret = Buffer.from(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    store.decryptionKeys = async () => [await parsePrivateKey(secret, 'ada')];
    const image = await store.pull(name, { open });
    assert.equal(image.manifest.digest, plain.digest);
    // Its digest is the one that the registry knows.
    assert.deepEqual(image.repoDigests, [`host.example/a@${(await registry.resolve('encrypted')).digest}`]);
    assert.equal(await readFile(join(store.layersFolder, image.layers[0] ?? '', 'secret'), 'utf8'), 'secret');
  },
);

test('an image that somebody uses is not removed', options, async () => {
  const { store } = await freshStore();
  await push('v3', 'four');
  const { id } = await store.pull('host.example/a:v3', { open });
  await assert.rejects(
    store.remove(id, () => 'container c'),
    { code: 'ERR_IMAGE_IN_USE' },
  );
  assert.ok(store.find(id.slice(0, 12)));
});

test('of an index the manifest for this machine is taken, and the index’s digest is the image’s', options, async () => {
  const { store } = await freshStore();
  const foreign = await push('foreign', 'five', {}, 'riscv64');
  const mine = await push('mine', 'six');
  const platform = (architecture: string) => ({ os: 'linux', architecture });
  const index = buildIndex({
    manifests: [
      { ...foreign, platform: platform('riscv64') },
      { ...mine, platform: platform(ociArchitecture()) },
    ],
  });
  await registry.putManifest(index.bytes, mediaTypes.index, { tag: 'many' });
  const image = await store.pull('host.example/a:many', { open });
  assert.equal(image.manifest.digest, mine.digest);
  assert.deepEqual(image.repoDigests, [`host.example/a@${index.descriptor.digest}`]);
});

test(
  'an index alone may mark a checkpoint image, which stays one when its manifest is pulled by itself',
  options,
  async () => {
    const { store } = await freshStore();
    const manifest = await push('unmarked', 'ten', { Labels: { n: '10' } });
    const annotations = { 'org.criu.checkpoint.container.name': 'counter' };
    const index = buildIndex({ manifests: [manifest], annotations });
    await registry.putManifest(index.bytes, mediaTypes.index, { tag: 'marked' });
    const ordinary = await store.pull('host.example/a:unmarked', { open });
    assert.deepEqual([ordinary.checkpoint, ordinary.layers.length], [false, 1]);
    await assert.rejects(store.archivePath(ordinary), { code: 'ERR_IMAGE_UNUSABLE' });
    const marked = await store.pull('host.example/a:marked', { open });
    assert.equal(marked.checkpoint, true);
    assert.deepEqual(marked.annotations, annotations);
    assert.deepEqual(marked.layers, ordinary.layers, 'a container may run on them');
    assert.equal((await readFile(await store.archivePath(marked))).subarray(257, 262).toString(), 'ustar');
    assert.equal((await store.pull('host.example/a:unmarked', { open })).checkpoint, true);
  },
);

test('of a checkpoint image with several layers none is taken for the archive', options, async () => {
  const { store } = await freshStore();
  const parts = await Promise.all(['eleven', 'twelve'].map((name) => layerOf(name)));
  const image = buildImage({
    layers: parts.map((descriptor) => ({ descriptor, diffID: descriptor.digest })),
    platform: { os: 'linux', architecture: ociArchitecture() },
    annotations: { 'io.podman.annotations.checkpoint.name': 'counter' },
  });
  await putImage(registry, image, { tag: 'two' });
  const pulled = await store.pull('host.example/a:two', { open });
  assert.equal(pulled.checkpoint, true);
  await assert.rejects(store.archivePath(pulled), { code: 'ERR_IMAGE_LAYER_UNSUPPORTED', message: /2 layers/ });
});

test('what a killed pull left is removed at the next start, what images need stays', options, async () => {
  const { store, place } = await freshStore();
  await push('v4', 'seven');
  await store.pull('host.example/a:v4', { open });
  const kept = await blobs(place);
  await writeFile(join(place, 'layout', 'blobs', 'sha256', 'f'.repeat(64)), 'of a pull that never ended');
  await writeFile(join(place, 'layout', 'blobs', 'sha256', '.stillframe-x.0'), 'half');
  await mkdir(join(store.layersFolder, '.stillframe-layer-0'));
  await mkdir(join(store.layersFolder, '0'.repeat(32)));
  const again = await ImageStore.open(place, silentLogger);
  assert.deepEqual(await blobs(place), kept);
  assert.deepEqual(await readdir(store.layersFolder), again.list()[0]?.layers);
});

test('a layout of this machine is pulled by its absolute path', options, async () => {
  const { store } = await freshStore();
  await push('local', 'eight');
  const nowhere = () => assert.fail('no registry is asked');
  const image = await store.pull(`oci:${registry.path}:local`, { open: nowhere });
  assert.deepEqual(image.names, ['localhost/registry:local']);
  assert.deepEqual(image.repoDigests, []);
  await assert.rejects(store.pull('oci:relative:local', { open: nowhere }), { code: 'ERR_IMAGE_REFERENCE' });
});

test('what `docker save` writes is pulled by its absolute path', options, async () => {
  const { store } = await freshStore();
  const work = join(folder, 'saved');
  await mkdir(work);
  await writeFile(join(folder, 'hello'), 'hello');
  await demand(['tar', '--create', '--directory', folder, '--file', join(work, 'layer.tar'), 'hello']);
  const { stdout } = await demand(['sha256sum', join(work, 'layer.tar')]);
  const rootfs = { type: 'layers', diff_ids: [`sha256:${stdout.slice(0, 64)}`] };
  await writeFile(join(work, 'c.json'), JSON.stringify({ os: 'linux', architecture: ociArchitecture(), rootfs }));
  const row = { Config: 'c.json', Layers: ['layer.tar'], RepoTags: ['hello:1'] };
  await writeFile(join(work, 'manifest.json'), JSON.stringify([row]));
  const path = join(folder, 'saved.tar');
  await demand(['tar', '--create', '--directory', work, '--file', path, 'manifest.json', 'c.json', 'layer.tar']);
  const image = await store.pull(`docker-archive:${path}`, { open });
  assert.deepEqual(image.names, ['docker.io/library/hello:1']);
  const named = await store.pull(`docker-archive:${path}`, { open, name: 'mine.example/hello:2' });
  assert.deepEqual([named.id, named.names], [image.id, ['docker.io/library/hello:1', 'mine.example/hello:2']]);
  assert.deepEqual(await readdir(join(store.layersFolder, image.layers[0] ?? '')), ['hello']);
});

test('a pull whose caller has gone stops and leaves no image', options, async () => {
  const { store } = await freshStore();
  await push('v5', 'nine');
  const signal = AbortSignal.abort(new Error('gone'));
  await assert.rejects(store.pull('host.example/a:v5', { open, signal }), /gone/);
  assert.deepEqual(store.list(), []);
});
