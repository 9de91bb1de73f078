/** `stillframe image prune`, `pin` and `unpin` on layouts. */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildIndex, Layout, mediaTypes, tagOf } from '@stillframe/oci';
import { atDesk, type Desk, writeEvidence } from '../image/desk.fixture.ts';
import { writeAged } from './archives.fixture.ts';

interface Pruned {
  checkpoints: { name: string; goes: boolean; reason: string; time: string | null }[];
  removed: { blobs: number; removed: string[] } | null;
  garbage: { blobs: number; temporaries: number };
}

/** Builds an image of an archive so many hours old, with evidence. */
async function build({ at, run }: Desk, tag: string, hours: number, container?: string): Promise<void> {
  const archive = at(`${tag}.tar`);
  await writeAged(archive, hours, container);
  await writeEvidence(archive);
  await run('build', archive, `oci:${at('layout')}:${tag}`);
}

const tagsOf = async ({ at }: Desk) =>
  (await (await Layout.open(at('layout'))).entries()).flatMap((entry) => tagOf(entry) ?? []).sort();
const blobsOf = ({ at }: Desk) => readdir(at('layout/blobs/sha256'));

test('the newest images of a container stay, with their evidence; others go with theirs', () =>
  atDesk(async (desk) => {
    const { at, run, json } = desk;
    await build(desk, 'new', 1);
    const alone = (await blobsOf(desk)).sort();
    const index = await readFile(at('layout/index.json'), 'utf8');
    for (const [tag, hours] of Object.entries({ old: 5, older: 50 })) await build(desk, tag, hours);
    const args = ['prune', at('layout'), '--keep', '1', '--output', 'json'];
    const planned = await json<Pruned>(...args, '--dry-run');
    assert.deepEqual(
      planned.checkpoints.map(({ name, goes }) => [name, goes]),
      [
        ['new', false],
        ['old', true],
        ['older', true],
      ],
    );
    assert.equal((await tagsOf(desk)).length, 3);
    await assert.rejects(run('prune', at('layout'), '--keep', '1'), { code: 'ERR_USAGE_CONFIRMATION' });
    const { removed } = await json<Pruned>(...args, '--yes');
    assert.equal(removed?.removed.length, 2);
    assert.deepEqual([(await blobsOf(desk)).sort(), await readFile(at('layout/index.json'), 'utf8')], [alone, index]);
    assert.match((await run('prune', at('layout'), '--keep', '1', '--yes')).out, /nothing goes\n$/);
  }));

test('a pin, a protected tag and an ordinary image stay; all tags of an image go with it', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    for (const [tag, hours] of Object.entries({ a: 1, b: 2, c: 3, 'release-1': 4 })) await build(desk, tag, hours);
    const place = `oci:${at('layout')}`;
    await run('copy', `${place}:c`, `${place}:same-as-c`);
    const { out } = await run('pin', `${place}:b`);
    assert.match(out, /^pinned {2}oci:/);
    assert.match((await run('pin', `${place}:b`)).out, /^pinned already/);
    const layout = await Layout.open(at('layout'));
    const ordinary = buildIndex({ manifests: [] });
    await layout.putManifest(ordinary.bytes, mediaTypes.index, { tag: 'ordinary' });
    const args = ['prune', place, '--keep', '1', '--pins-apart', '--protect', 'release-*', '--yes'];
    const pruned = await run(...args);
    assert.match(pruned.out, /stays .* pinned .* b\n/);
    assert.match(pruned.out, /goes .* c, same-as-c\n/);
    assert.deepEqual(await tagsOf(desk), ['a', 'b', 'ordinary', 'release-1']);
    await run('unpin', `${place}:b`);
    await run(...args);
    assert.deepEqual(await tagsOf(desk), ['a', 'ordinary', 'release-1']);
    await assert.rejects(run('prune', `${place}:a`, '--keep', '1', '--yes'), { code: 'ERR_USAGE_ARGUMENT' });
    await assert.rejects(run('pin', place), { code: 'ERR_USAGE_ARGUMENT' });
  }));

test('the checkpoint of a pod is one image, whose parts go with it, and their evidence', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    const place = `oci:${at('layout')}`;
    for (const [tag, hours] of Object.entries({ p1: 3, p2: 2 })) {
      for (const container of ['one', 'two']) {
        await writeAged(at(`${tag}-${container}.tar`), hours, container);
        await writeEvidence(at(`${tag}-${container}.tar`));
      }
      await run('build', at(`${tag}-one.tar`), at(`${tag}-two.tar`), `${place}:${tag}`);
      if (tag === 'p1') await build(desk, 'alone', 9, 'one');
    }
    await run('prune', place, '--keep', '1', '--yes');
    assert.deepEqual(await tagsOf(desk), ['alone', 'p2']);
    const layout = await Layout.open(at('layout'));
    // Two of the pod's containers, and the one alone.
    assert.equal((await layout.entries()).filter((entry) => tagOf(entry) === undefined).length, 3);
  }));

test('packs of a chain go when no checkpoint needs them, and what stays can still be put together', () =>
  atDesk(async (desk) => {
    const { at, run } = desk;
    const place = `oci:${at('store')}`;
    for (const [tag, hours] of Object.entries({ c1: 3, c2: 2, c3: 1 })) {
      await writeAged(at(`${tag}.tar`), hours);
      await run('append', at(`${tag}.tar`), `${place}:${tag}`, ...(tag === 'c3' ? ['--after', 'none'] : []));
    }
    const before = (await readdir(at('store/blobs/sha256'))).length;
    const pruned = await run('prune', place, '--keep', '2', '--yes');
    assert.match(pruned.out, /removed 1 image; given back: /);
    assert.ok((await readdir(at('store/blobs/sha256'))).length < before);
    await run('extract', `${place}:c2`, at('again.tar'));
    assert.deepEqual(await readFile(at('again.tar')), await readFile(at('c2.tar')));
    // The chain of the first two is nobody's any more.
    await run('prune', place, '--keep', '1', '--yes');
    const left = await Promise.all(
      (await readdir(at('store/blobs/sha256'))).map((name) => stat(at(`store/blobs/sha256/${name}`))),
    );
    const archive = await stat(at('c3.tar'));
    assert.ok(left.reduce((sum, { size }) => sum + size, 0) < archive.size * 1.05);
  }));

test('without rules nothing but garbage goes, and what cannot be read keeps all of it', () =>
  atDesk(async (desk) => {
    const { at, run, json } = desk;
    await build(desk, 'a', 1);
    await writeFile(at('layout/.stillframe-x.00'), 'x');
    const fresh = await json<Pruned>('prune', at('layout'), '--yes', '--output', 'json');
    assert.deepEqual([fresh.garbage.temporaries, fresh.removed], [0, null]);
    await (await Layout.open(at('layout'))).untag('a');
    const now = await json<Pruned>('prune', at('layout'), '--yes', '--unused-for', '0s', '--output', 'json');
    assert.deepEqual([now.garbage.temporaries, now.removed?.blobs], [1, 3]);
    await build(desk, 'b', 1);
    const { digest } = await (await Layout.open(at('layout'))).resolve('b');
    await rm(join(at('layout/blobs/sha256'), digest.slice(7)));
    const { code, err } = await run('prune', at('layout'), '--keep', '1', '--yes');
    assert.equal(code, 4);
    assert.match(err, /manifest-unreadable[\s\S]*all content is left/);
  }));
