/** `stillframe image prune` on a real registry. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCode } from '@stillframe/core';
import { RegistryClient, type RegistryRepository } from '@stillframe/oci';
import { needs, startRegistry } from '@stillframe/testkit';
import { atDesk, type Desk, writeEvidence } from '../image/desk.fixture.ts';
import { writeAged } from './archives.fixture.ts';

interface Pruned {
  checkpoints: { name: string; goes: boolean; reason: string }[];
  removed: string[];
  orphans: string[];
}

interface Place extends Desk {
  repository: string;
  store: RegistryRepository;
  build(tag: string, hours: number, containers?: string[]): Promise<void>;
}

/** A fresh repository, of a registry that removes unless it is told not to. */
async function atRegistry(use: (place: Place) => Promise<void>, removes = true): Promise<void> {
  await using registry = await startRegistry({ removes });
  await using client = new RegistryClient(registry.address);
  const repository = `${registry.address}/team/web`;
  await atDesk((desk) =>
    use({
      ...desk,
      repository,
      store: client.repository('team/web'),
      async build(tag, hours, containers = ['counter']) {
        const archives = containers.map((container) => desk.at(`${tag}-${container}.tar`));
        for (const [index, container] of containers.entries()) {
          await writeAged(archives[index] ?? '', hours, container);
          await writeEvidence(archives[index] ?? '');
        }
        await desk.run('build', ...archives, '-t', `${repository}:${tag}`);
      },
    }),
  );
}

const isThere = (store: RegistryRepository, reference: string) =>
  store.resolve(reference).then(
    () => true,
    (error: unknown) => {
      if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return false;
      throw error;
    },
  );

describe('retention of a repository', needs('docker-registry'), () => {
  test('leaves the newest with its evidence, and takes others with theirs and with all their tags', () =>
    atRegistry(async ({ repository, store, build, run, json }) => {
      for (const [tag, hours] of Object.entries({ new: 1, old: 5, older: 50 })) await build(tag, hours);
      await run('copy', `${repository}:old`, `${repository}:also-old`);
      const [kept, gone] = [await store.resolve('new'), await store.resolve('old')];
      const signature = `${gone.digest.replace(':', '-')}.sig`;
      await store.putManifest(await store.manifest(await store.resolve('older')), gone.mediaType, { tag: 'other' });
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }));
      await store.putManifest(bytes, INDEX, { tag: signature });
      const before = await store.tags();
      const args = ['prune', repository, '--keep', '1', '--output', 'json'];
      const planned = await json<Pruned>(...args, '--dry-run');
      assert.deepEqual(
        planned.checkpoints.map(({ name, goes }) => [name, goes]),
        [
          ['new', false],
          ['also-old, old', true],
          ['older, other', true],
        ],
      );
      assert.deepEqual(await store.tags(), before);
      const said = (await store.referrers(gone.digest)).map(({ digest }) => digest);
      assert.equal(said.length, 1);
      assert.equal((await json<Pruned>(...args, '--yes')).removed.length, 2);
      assert.deepEqual((await store.tags()).sort(), ['new', kept.digest.replace(':', '-')].sort());
      for (const digest of [gone.digest, ...said]) assert.equal(await isThere(store, digest), false);
      assert.equal((await store.referrers(kept.digest)).length, 1);
      assert.match((await run('prune', repository, '--keep', '1', '--yes')).out, /nothing goes\n$/);
    }));

  test('heeds pins, which are tags of their own, and images that an index needs', () =>
    atRegistry(async ({ repository, store, build, run }) => {
      await build('pod', 9, ['one', 'two']);
      await build('new', 1, ['one']);
      await build('pinned', 20, ['one']);
      const pod = await store.resolve('pod');
      const [child] = JSON.parse(Buffer.from(await store.manifest(pod)).toString()).manifests;
      await store.putManifest(await store.manifest(child), child.mediaType, { tag: 'part' });
      await run('pin', `${repository}:pinned`);
      assert.match((await run('pin', `${repository}:pinned`)).out, /^pinned already/);
      const { err, out } = await run('prune', repository, '--keep', '1', '--pins-apart', '--yes');
      assert.match(err, /part stays: it is a part of an image that stays/);
      assert.match(out, /stays .* pinned .* pinned\n/);
      for (const tag of ['pod', 'new', 'pinned', 'part']) assert.ok(await isThere(store, tag), tag);
      await run('unpin', `${repository}:pinned`);
      await run('prune', repository, '--keep', '1', '--yes');
      assert.equal(await isThere(store, 'pinned'), false);
      // With the pod go its parts, once no tag of their own keeps them, and what is said about them.
      await build('pod2', 2, ['one', 'two']);
      await run('prune', repository, '--per', 'pod', '--keep', '1', '--yes');
      assert.deepEqual(
        (await store.tags()).filter((tag) => !tag.startsWith('sha256-')),
        ['new'],
      );
      for (const digest of [pod.digest, child.digest]) assert.equal(await isThere(store, digest), false);
    }));

  test('that was killed after the image is completed where that is asked for', () =>
    atRegistry(async ({ repository, store, build, run }) => {
      await build('new', 1);
      await build('old', 5);
      const { digest } = await store.resolve('old');
      const [said] = await store.referrers(digest);
      await store.remove(digest);
      const first = await run('prune', repository, '--keep', '1', '--yes');
      assert.match(first.err, /1 tags are about images that are not there; --orphans/);
      await run('prune', repository, '--orphans', '--yes');
      assert.equal(await isThere(store, said?.digest ?? ''), false);
      assert.equal((await store.tags()).length, 2);
    }));

  test('is refused by a registry that does not remove, with nothing gone', () =>
    atRegistry(async ({ repository, store, build, run }) => {
      await build('new', 1);
      await build('old', 5);
      const before = await store.tags();
      const pruned = run('prune', repository, '--keep', '1', '--yes');
      await assert.rejects(pruned, { code: 'ERR_OCI_REMOVE_UNSUPPORTED', hint: /storage\.delete\.enabled/ });
      assert.deepEqual(await store.tags(), before);
      await assert.rejects(run('prune', repository, '--yes'), { code: 'ERR_USAGE_ARGUMENT' });
    }, false));

  test('looks at a hundred tags at once, and a second time finds nothing', () =>
    atRegistry(async ({ repository, store, build, json }) => {
      await build('new', 1);
      const bytes = await store.manifest(await store.resolve('new'));
      const { mediaType } = await store.resolve('new');
      for (let at = 0; at < 100; at += 1) {
        const document = JSON.parse(Buffer.from(bytes).toString());
        document.annotations['io.stillframe.checkpoint.captured-at'] = new Date(at * 60_000).toISOString();
        await store.putManifest(Buffer.from(JSON.stringify(document)), mediaType, { tag: `t${at}` });
      }
      const args = ['prune', repository, '--keep', '40', '--output', 'json', '--yes'];
      assert.equal((await json<Pruned>(...args)).removed.length, 61);
      assert.equal((await json<Pruned>(...args)).removed.length, 0);
    }));
});

const INDEX = 'application/vnd.oci.image.index.v1+json';
