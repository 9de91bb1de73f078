/** `stillframe image build --zstd` and `--drop-zero-pages`: smaller layers, and the archive out of them. */
import assert from 'node:assert/strict';
import { copyFile, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openCheckpoint, openCheckpointImage } from '@stillframe/checkpoint';
import { digestOf } from '@stillframe/core';
import { Layout } from '@stillframe/oci';
import { atDesk, FIXTURE, writeEvidence, writeWithZeroes } from './desk.fixture.ts';

interface Built {
  layer: { digest: string; size: number; mediaType: string };
  way: string;
  converted: boolean;
  facts: Record<string, string>;
  dropped?: { pages: number; bytes: number; left: unknown[] };
  evidence: unknown;
}

const ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

test('--zstd makes a layer that is read at random, and the archive comes out of it byte for byte', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const digest = await writeEvidence(at('a.tar'));
    const plain = await readFile(FIXTURE);
    const where = `oci:${at('l')}:a`;
    const built = await json<Built>('build', at('a.tar'), '--zstd', where, '--output', 'json');
    assert.deepEqual([built.layer.mediaType, built.way, built.converted], [ZSTD, 'linked', false]);
    assert.ok(built.layer.size < plain.length / 3);
    assert.deepEqual([built.evidence, built.facts['recordedDigest']], [{ digest, verified: true }, digest]);
    const layout = await Layout.open(at('l'));
    const manifest = JSON.parse(Buffer.from(await layout.manifest(await layout.resolve('a'))).toString());
    const config = JSON.parse(await readFile(at(`l/blobs/${manifest.config.digest.replace(':', '/')}`), 'utf8'));
    assert.deepEqual(config.rootfs.diff_ids, [digest]);
    {
      await using opened = await openCheckpointImage(layout, 'a', { cacheFolder: '/nonexistent' });
      assert.equal(opened.archive.access, 'frames');
    }
    const seen = await json<{ recorded: object }>('inspect', where);
    assert.deepEqual(
      [seen.code, seen.recorded],
      [0, { digest, name: 'captured.tar', isLayer: false, isArchive: true }],
    );
    assert.match((await run('extract', where, at('out.tar'))).out, new RegExp(`recorded {2}${digest}, the same`));
    assert.deepEqual(await readFile(at('out.tar')), plain);
    assert.ok((await readdir(at('.'))).includes('out.tar.evidence.json'));
    // Nothing is left of the work, and the same archive makes the same image.
    assert.deepEqual((await readdir(at('l'))).sort(), ['blobs', 'index.json', 'oci-layout']);
    const again = await json<Built>('build', at('a.tar'), `oci:${at('m')}:a`, '--zstd', '3', '--output', 'json');
    assert.equal(again.layer.digest, built.layer.digest);
    const text = await run('build', at('a.tar'), `oci:${at('m')}:b`, '--zstd=19');
    assert.match(
      text.out,
      /layer .*, linked, zstd\n *evidence {2}the layer, once it is decompressed, is what was recorded/,
    );
  }));

test('the archive comes out byte for byte without evidence, too, and where it was laid out', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const built = await json<Built>('build', at('a.tar'), `oci:${at('l')}:a`, '--zstd', '--output', 'json');
    const digest = digestOf(await readFile(FIXTURE));
    assert.deepEqual([built.facts['sourceDigest'], built.facts['recordedDigest']], [digest, undefined]);
    await run('extract', `oci:${at('l')}:a`, at('out.tar'));
    assert.deepEqual(await readFile(at('out.tar')), await readFile(FIXTURE));
    const options = ['--for', 'containerd', '--zstd', '--output', 'json'];
    const laidOut = await json<Built>('build', at('a.tar'), `oci:${at('l')}:b`, ...options);
    assert.deepEqual([laidOut.converted, laidOut.layer.mediaType], [true, ZSTD]);
    await run('extract', `oci:${at('l')}:b`, at('b.tar'));
    await run('build', at('a.tar'), `oci:${at('l')}:c`, '--for', 'containerd');
    await run('extract', `oci:${at('l')}:c`, at('c.tar'));
    assert.deepEqual(await readFile(at('b.tar')), await readFile(at('c.tar')));
  }));

test('an archive that was gzipped is another one in zstd; the image says of which it was made', () =>
  atDesk(async ({ at, run, json }) => {
    await writeFile(at('a.tar.gz'), gzipSync(await readFile(FIXTURE)));
    const digest = await writeEvidence(at('a.tar.gz'));
    const built = await json<Built>('build', at('a.tar.gz'), `oci:${at('l')}:a`, '--zstd', '--output', 'json');
    assert.deepEqual([built.facts['sourceDigest'], built.facts['recordedDigest']], [digest, undefined]);
    await run('extract', `oci:${at('l')}:a`, at('out.tar'));
    assert.deepEqual(await readFile(at('out.tar')), await readFile(FIXTURE));
  }));

test('a forged archive becomes no compressed image, and a layer that was exchanged is never taken for the archive', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await writeEvidence(at('a.tar'), '0'.repeat(64));
    const build = ['build', at('a.tar'), `oci:${at('l')}:a`, '--zstd'];
    await assert.rejects(run(...build), { code: 'ERR_CHECKPOINT_DIGEST_MISMATCH' });
    assert.ok(!(await readdir(at('.'))).includes('l'));
    await writeEvidence(at('a.tar'));
    await run(...build);
    // Another file of the same size under the name of the layer.
    const blobs = await readdir(at('l/blobs/sha256'));
    for (const blob of blobs) {
      await using file = await open(at(`l/blobs/sha256/${blob}`), 'r+');
      const { size } = await file.stat();
      if (size > 10_000) await file.write(Buffer.alloc(200, 0xee), 0, 200, 5000);
    }
    await assert.rejects(run('extract', `oci:${at('l')}:a`, at('out.tar')));
    assert.ok(!(await readdir(at('.'))).includes('out.tar'));
  }));

test('levels that zstd does not have are wrong usage', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    for (const level of ['--zstd=0', '--zstd=20', '--zstd=best', '--zstd=']) {
      await assert.rejects(run('build', at('a.tar'), `oci:${at('l')}:a`, level), { code: 'ERR_USAGE_ARGUMENT' }, level);
    }
    assert.deepEqual(await readdir(at('.')), ['a.tar']);
  }));

test('--drop-zero-pages names the archive that the layer was made of, where there was a page to leave out', () =>
  atDesk(async ({ at, run, json }) => {
    await writeWithZeroes(at('a.tar'), 3);
    const digest = await writeEvidence(at('a.tar'));
    const options = ['--drop-zero-pages', '--output', 'json'];
    const built = await json<Built>('build', at('a.tar'), `oci:${at('l')}:a`, ...options);
    assert.deepEqual(built.dropped, { pages: 3, bytes: 3 * 4096, left: [] });
    assert.deepEqual([built.facts['sourceDigest'], built.facts['recordedDigest']], [digest, undefined]);
    await run('extract', `oci:${at('l')}:a`, at('out.tar'));
    await using small = await openCheckpoint(at('out.tar'));
    await using whole = await openCheckpoint(at('a.tar'));
    assert.deepEqual([...small.archive.entries.keys()], [...whole.archive.entries.keys()]);
    assert.equal(small.archive.tar?.size, (whole.archive.tar?.size ?? 0) - 3 * 4096 + 0);
    assert.equal(small.diagnostics().length, whole.diagnostics().length);
    // Nothing more is to be found: the layer is the archive itself.
    const again = await json<Built>('build', at('out.tar'), `oci:${at('l')}:b`, ...options);
    assert.deepEqual([again.dropped?.pages, again.layer.digest], [0, built.layer.digest]);
    assert.match((await run('build', at('out.tar'), `oci:${at('l')}:b`, '--drop-zero-pages')).out, /0 pages of zeroes/);
  }));
