import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bytesSource, digestOf, hexOf } from '@stillframe/core';
import { copyImage, encodeManifest, Layout, mediaTypes, parseManifest } from '@stillframe/oci';
import { entry, without } from '../../archive/tar.fixture.ts';
import { openCheckpoint } from '../../checkpoint.ts';
import { ExtentList, ZEROES } from '../../extents.ts';
import { checkpointImageAt } from '../detect.ts';
import { extractArchive } from '../extract.ts';
import { openCheckpointImage } from '../open.ts';
import { type AppendOptions, appendToChain } from './append.ts';
import { CHAIN_TYPE, chainTypes, encodeChainConfig } from './format.ts';
import { encodeRecipe } from './recipe.ts';

const fixture = fileURLToPath(new URL('../../../fixtures/crio-counter.tar', import.meta.url));
const PAGE = 4096;

/** A checkpoint whose memory is replaced by pages of our own, with a file before it that differs in length. */
async function checkpointOf(pages: readonly Uint8Array[], log: string): Promise<Uint8Array> {
  const memory = entry('checkpoint/pages-1.img', Buffer.concat(pages));
  return without(await readFile(fixture), /pages-1|LogPath/, entry('io.kubernetes.cri-o.LogPath', log), memory);
}

async function workspace(t: TestContext) {
  const path = await mkdtemp(join(tmpdir(), 'stillframe-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  const layout = await Layout.create(join(path, 'layout'));
  const append = async (tag: string, archive: Uint8Array, options: Partial<AppendOptions> = {}) => {
    await writeFile(join(path, `${tag}.tar`), archive);
    await using checkpoint = await openCheckpoint(join(path, `${tag}.tar`));
    return await appendToChain(checkpoint, layout, { tag, ...options });
  };
  return { path, layout, append };
}

const pagesOf = (count: number) => Array.from({ length: count }, () => randomBytes(PAGE));

test('a checkpoint that changed little takes little, and every one comes back byte for byte', async (t) => {
  const { path, layout, append } = await workspace(t);
  const memory = pagesOf(400);
  const archives: Uint8Array[] = [];
  let parent: AppendOptions['parent'];
  for (let round = 0; round < 5; round += 1) {
    for (let each = 0; each < 20; each += 1) memory[(each * 17 + round) % 400] = randomBytes(PAGE);
    const archive = await checkpointOf(memory, 'x'.repeat(round * 700));
    archives.push(archive);
    const { manifest, added, packs } = await append(`c${round}`, archive, { parent });
    assert.equal(packs, round + 1);
    if (round > 0) assert.ok(added < 20 * PAGE + 60_000, `round ${round} added ${added} bytes`);
    parent = manifest;
  }
  for (const [round, archive] of archives.entries()) {
    const out = join(path, `out${round}.tar`);
    await extractArchive(layout, await layout.resolve(`c${round}`), out);
    assert.ok(Buffer.from(archive).equals(await readFile(out)), `checkpoint ${round}`);
  }
});

test('pages of zeroes and pages that are there twice take no room', async (t) => {
  const { layout, append } = await workspace(t);
  const [once] = pagesOf(1);
  const pages = [
    ...Array.from({ length: 300 }, () => Buffer.alloc(PAGE)),
    ...Array.from({ length: 300 }, () => once ?? new Uint8Array()),
  ];
  const { manifest } = await append('c', await checkpointOf(pages, ''));
  const { layers } = parseManifest(await layout.manifest(manifest));
  assert.ok(layers.reduce((sum, { size }) => sum + size, 0) < 200_000);
});

test('a chain image opens as the checkpoint that it is, and says what its archive is', async (t) => {
  const { layout, append } = await workspace(t);
  const archive = await readFile(fixture);
  await append('c', archive);
  await using opened = await openCheckpointImage(layout, 'c');
  assert.equal(opened.metadata.container.name, 'counter');
  assert.equal(opened.image?.chain?.digest, digestOf(archive));
  assert.deepEqual([...opened.images.ids('core')], [6, 16]);
});

test('no engine finds its own mark in a chain image', async (t) => {
  const { layout, append } = await workspace(t);
  const { manifest } = await append('c', await readFile(fixture));
  const { annotations = {} } = parseManifest(await layout.manifest(manifest));
  const marks = ['io.kubernetes.cri-o.annotations.checkpoint.name', 'org.criu.checkpoint.container.name'];
  for (const mark of [...marks, 'io.podman.annotations.checkpoint.name']) assert.ok(!(mark in annotations), mark);
  assert.equal((await checkpointImageAt(layout, manifest))?.facts.podNamespace, 'default');
});

test('copying the next checkpoint sends only what the target lacks', async (t) => {
  const { path, layout, append } = await workspace(t);
  const memory = pagesOf(200);
  const first = await append('a', await checkpointOf(memory, ''));
  memory[7] = randomBytes(PAGE);
  const second = await append('b', await checkpointOf(memory, ''), { parent: first.manifest });
  const target = await Layout.create(join(path, 'target'));
  await copyImage(layout, target, first.manifest, { tag: 'a' });
  let sent = 0;
  await copyImage(layout, target, second.manifest, {
    tag: 'b',
    onProgress: ({ descriptor, state }) => {
      if (state === 'copied') sent += descriptor.size;
    },
  });
  assert.ok(sent < 40_000, `${sent} bytes`);
  await extractArchive(target, second.manifest, join(path, 'b.out'));
});

test('a chain of more checkpoints than one may use still gives each', async (t) => {
  const { path, layout, append } = await workspace(t);
  const memory = pagesOf(90);
  let parent: AppendOptions['parent'];
  let archive = new Uint8Array();
  for (let round = 0; round < 70; round += 1) {
    memory[round] = randomBytes(PAGE);
    archive = Uint8Array.from(await checkpointOf(memory, ''));
    const appended = await append('last', archive, { parent });
    assert.ok(appended.packs <= 64);
    parent = appended.manifest;
  }
  await extractArchive(layout, await layout.resolve('last'), join(path, 'out.tar'));
  assert.ok(Buffer.from(archive).equals(await readFile(join(path, 'out.tar'))));
});

test('a parent whose index lies costs an error, and no tag', async (t) => {
  const { path, layout, append } = await workspace(t);
  const memory = pagesOf(100);
  const first = await append('a', await checkpointOf(memory, ''));
  const { layers } = parseManifest(await layout.manifest(first.manifest));
  const pack = layers.find(({ mediaType }) => mediaType.includes('.pack.'));
  assert.ok(pack);
  const stored = join(path, 'layout/blobs/sha256', hexOf(pack.digest));
  await writeFile(stored, randomBytes(pack.size));
  const refused = append('b', await checkpointOf(memory, ''), { parent: first.manifest });
  await assert.rejects(refused, { code: 'ERR_CHAIN_IMAGE_INVALID' });
  await assert.rejects(layout.resolve('b'), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
  const out = join(path, 'out.tar');
  await assert.rejects(extractArchive(layout, first.manifest, out), { code: 'ERR_OCI_CONTENT_WRONG' });
  assert.ok(!(await readdir(path)).includes('out.tar'));
});

test('compressed archives, and ones that are not what was recorded, are refused', async (t) => {
  const { append, layout } = await workspace(t);
  const archive = await readFile(fixture);
  await assert.rejects(append('a', gzipSync(archive)), { code: 'ERR_IMAGE_SOURCE_UNSUPPORTED' });
  const recordedDigest = `sha256:${'0'.repeat(64)}`;
  await assert.rejects(append('b', archive, { recordedDigest }), { code: 'ERR_CHECKPOINT_DIGEST_MISMATCH' });
  assert.deepEqual(await layout.entries(), []);
});

test('an image that claims far more than its layers hold is refused before anything is written', async (t) => {
  const { path, layout } = await workspace(t);
  const extents = new ExtentList();
  const size = 2 ** 40;
  extents.push(ZEROES, 0, size);
  const blob = async (mediaType: string, bytes: Uint8Array) => {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await layout.push(descriptor, bytesSource(bytes));
    return descriptor;
  };
  const claimed = encodeChainConfig({ digest: digestOf(new Uint8Array()), size });
  const bytes = encodeManifest({
    kind: 'manifest',
    mediaType: mediaTypes.manifest,
    artifactType: CHAIN_TYPE,
    config: await blob(chainTypes.config, claimed),
    layers: [await blob(chainTypes.recipe, encodeRecipe({ granule: PAGE, extents }))],
    annotations: { 'io.stillframe.checkpoint.chain.container.name': 'bomb' },
  });
  const manifest = await layout.putManifest(bytes, mediaTypes.manifest, { tag: 'bomb' });
  const refused = { code: 'ERR_CHAIN_IMAGE_INVALID', message: /1000 times/ };
  await assert.rejects(extractArchive(layout, manifest, join(path, 'out.tar')), refused);
  await assert.rejects(openCheckpointImage(layout, 'bomb'), refused);
  assert.ok(!(await readdir(path)).includes('out.tar'));
});
