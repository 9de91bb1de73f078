/** `stillframe image list` of a repository, `inspect` in words, and `extract` of what was recorded nowhere. */
import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { describe, it, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesSource, digestOf } from '@stillframe/core';
import { buildImage, Layout, mediaTypes, parseManifest, putImage } from '@stillframe/oci';
import { needs, startRegistry } from '@stillframe/testkit';
import { atDesk, FIXTURE } from './desk.fixture.ts';

test('an archive without evidence comes out of a layer that a tool compressed as it went in', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const captured = await readFile(FIXTURE);
    await run('build', at('a.tar'), `oci:${at('l')}:plain`);
    const layout = await Layout.open(at('l'));
    const { annotations = {} } = parseManifest(await layout.manifest(await layout.resolve('plain')));
    // What skopeo makes of it on the way: another layer, the same config and annotations.
    const packed = gzipSync(captured);
    const descriptor = { mediaType: mediaTypes.layerGzip, digest: digestOf(packed), size: packed.length };
    await layout.push(descriptor, bytesSource(packed));
    const layers = [{ descriptor, diffID: digestOf(captured) }];
    const platform = { os: 'linux', architecture: 'amd64' };
    await putImage(layout, buildImage({ layers, platform, annotations }), { tag: 'copied' });
    const told = await json<object>('extract', `oci:${at('l')}:copied`, at('out.tar'));
    assert.ok(captured.equals(await readFile(at('out.tar'))));
    const { code, out, err, ...body } = told;
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(body, {
      kind: 'ExtractedArchive',
      schemaVersion: 1,
      image: `oci:${at('l')}:copied`,
      archive: at('out.tar'),
      size: captured.length,
      digest: digestOf(captured),
      compressed: null,
      recorded: null,
      same: null,
      evidence: null,
    });
    // Where nothing tells what it was, it stays as it is, and that is said.
    const { 'io.stillframe.checkpoint.source-digest': _, ...others } = annotations;
    await putImage(layout, buildImage({ layers, platform, annotations: others }), { tag: 'silent' });
    assert.match(
      (await run('extract', `oci:${at('l')}:silent`, at('out.gz'))).out,
      /, compressed with gzip, as the layer is\n/,
    );
    assert.ok(packed.equals(await readFile(at('out.gz'))));
  }));

test('what an image says of itself is told in words, and as a document where that is asked for', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('l')}:a`);
    const { out } = await run('inspect', `oci:${at('l')}:a`);
    assert.match(
      out,
      /^container +default\/counters\/counter\nengine +cri-o.*\nbase +\S+\ncaptured +2\S+Z\nlayer +sha256:\S+ {2}\S+ KiB, tar$/m,
    );
    assert.equal(JSON.parse((await run('inspect', `oci:${at('l')}:a`, '-o', 'json')).out).kind, 'CheckpointImage');
    // A tag that was mistyped is answered with those that there are.
    await assert.rejects(run('inspect', `oci:${at('l')}:b`), { code: 'ERR_OCI_MANIFEST_UNKNOWN', hint: 'it has a' });
    assert.match((await run('list', `oci:${at('l')}:b`)).out, /^no image is there\n$/);
  }));

describe('a repository of a real registry', needs('docker-registry'), () => {
  it('is listed by tag with its pins, and pruned where registries.conf says that it lies', () =>
    atDesk(async ({ at, run, json, write }) => {
      await using registry = await startRegistry();
      const place = `${registry.address}/deep/web`;
      await copyFile(FIXTURE, at('a.tar'));
      await run('build', at('a.tar'), '-t', `${place}:1`);
      await run('build', at('a.tar'), '-t', `${place}:2`, '--zstd');
      await run('pin', `${place}:2`);
      const { images, repository } = await json<{ images: { tag: string; pinned: boolean }[]; repository: string }>(
        'list',
        place,
      );
      assert.equal(repository, place);
      assert.deepEqual(
        images.map(({ tag, pinned }) => [tag, pinned]),
        [
          ['1', false],
          ['2', true],
        ],
      );
      assert.match(
        (await run('list', `${place}:2`)).out,
        /^TAG .*\n2 +default\/\S+\/counter +\S+ KiB +yes +sha256:\S+\n$/,
      );
      const conf = `[[registry]]\nprefix = "r.example"\nlocation = "${registry.address}/deep"\n`;
      await write('.config/containers/registries.conf', conf);
      const pruned = await run('prune', 'r.example/web', '--max-size', '1', '--yes');
      assert.match(pruned.out, /removed 1 of 1 checkpoint/);
      assert.deepEqual(
        (await json<{ images: { tag: string }[] }>('list', place)).images.map(({ tag }) => tag),
        ['2'],
      );
      assert.match(
        (await run('prune', `${place}-of-nobody`, '--keep', '1', '--yes')).out,
        /^no checkpoint image is there\n/,
      );
    }));
});
