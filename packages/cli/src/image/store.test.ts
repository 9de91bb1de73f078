/** `stillframe image build -t, append, rm`, and `extract` of what others copied. */
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bytesSource, type Digest, digestOf } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { buildImage, Layout, mediaTypes, parseIndex, putArtifact, putImage } from '@stillframe/oci';
import { atDesk, FIXTURE, writeEvidence } from './desk.fixture.ts';

test('an archive whose layer a tool compressed on the way comes back as it was captured', () =>
  atDesk(async ({ at, run, json }) => {
    const captured = await readFile(FIXTURE);
    const layout = await Layout.create(at('layout'));
    const packed = gzipSync(captured);
    const layer = { mediaType: mediaTypes.layerGzip, digest: digestOf(packed), size: packed.length };
    await layout.push(layer, bytesSource(packed));
    const annotations = {
      'io.stillframe.checkpoint.archive-digest': digestOf(captured),
      'io.kubernetes.cri-o.annotations.checkpoint.name': 'counter',
    };
    const store = (tag: string, diffID: Digest) => {
      const platform = { os: 'linux', architecture: 'amd64' };
      return putImage(layout, buildImage({ layers: [{ descriptor: layer, diffID }], platform, annotations }), { tag });
    };
    await store('copied', digestOf(captured));
    const seen = await json<{ recorded: { isLayer: boolean; isArchive: boolean } }>(
      'inspect',
      `oci:${at('layout')}:copied`,
    );
    assert.deepEqual([seen.code, seen.recorded.isLayer, seen.recorded.isArchive], [0, false, true]);
    assert.match((await run('extract', `oci:${at('layout')}:copied`, at('out.tar'))).out, /, the same$/m);
    assert.ok(captured.equals(await readFile(at('out.tar'))));
    // What the config claims is not enough: the bytes are hashed.
    const other = gzipSync(Buffer.concat([captured, Buffer.alloc(512)]));
    const forged = { ...layer, digest: digestOf(other), size: other.length };
    await layout.push(forged, bytesSource(other));
    const parts = { layers: [{ descriptor: forged, diffID: digestOf(captured) }], annotations };
    await putImage(layout, buildImage({ ...parts, platform: { os: 'linux', architecture: 'amd64' } }), {
      tag: 'forged',
    });
    const { code, out } = await run('extract', `oci:${at('layout')}:forged`, at('forged.tar.gz'));
    assert.deepEqual([code, /ANOTHER/.test(out)], [4, true]);
    assert.ok(other.equals(await readFile(at('forged.tar.gz'))));
  }));

test('one build makes the image in every place that is named, alike, with or without an index over it', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const both = ['-t', `oci:${at('one')}:a`, '-t', `oci:${at('two')}:b`];
    const { images } = await json<{ images: { manifest: { digest: string } }[] }>(
      ...['build', at('a.tar'), ...both, '--output', 'json'],
    );
    assert.equal(images.length, 2);
    assert.equal(images[0]?.manifest.digest, images[1]?.manifest.digest);
    await run('build', at('a.tar'), `oci:${at('one')}:indexed`, '--index');
    const layout = await Layout.open(at('one'));
    const index = parseIndex(await layout.manifest(await layout.resolve('indexed')));
    assert.equal(index.annotations?.['org.criu.checkpoint.container.name'], 'counter');
    assert.equal(index.manifests[0]?.digest, images[0]?.manifest.digest);
    await assert.rejects(run('build', at('a.tar')), { code: 'ERR_USAGE_ARGUMENT', message: /no target/ });
    await assert.rejects(run('build', at('a.tar'), '-t', `oci:${at('three')}:a`, '-t', 'web:1'));
    assert.ok(!(await readdir(at('.'))).includes('three'));
  }));

test('images are removed by their tag, never by a guess, and none where one of the names is wrong', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    for (const tag of ['a', 'b']) await run('append', at('a.tar'), `oci:${at('l')}:${tag}`, '--after', 'none');
    await assert.rejects(run('rm', `oci:${at('l')}:a`, `oci:${at('l')}`), { code: 'ERR_USAGE_ARGUMENT' });
    const { images } = await json<{ images: unknown[] }>('list', at('l'), '--output', 'json');
    assert.equal(images.length, 2);
    const { removed } = await json<{ removed: { bytes: number }[] }>(
      ...['rm', `oci:${at('l')}:a`, `oci:${at('l')}:b`, '--output', 'json'],
    );
    assert.equal(removed[0]?.bytes, 0);
    assert.ok((removed[1]?.bytes ?? 0) > 200_000);
    assert.deepEqual(await readdir(at('l/blobs/sha256')), []);
    await assert.rejects(run('rm', `oci:${at('l')}:a`), { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    for (const name of ['127.0.0.1:1/web', 'docker://127.0.0.1:1/team/web'])
      await assert.rejects(run('rm', name), { code: 'ERR_USAGE_ARGUMENT', message: /no tag and no digest/ });
  }));

test('none is removed where one of them is not there; content that is left since an image is damaged is told', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    for (const tag of ['a', 'b']) await run('append', at('a.tar'), `oci:${at('l')}:${tag}`, '--after', 'none');
    await run('build', at('a.tar'), `oci:${at('l')}:c`);
    const missing = run('rm', `oci:${at('l')}:a`, `oci:${at('l')}:missing`);
    await assert.rejects(missing, { code: 'ERR_OCI_MANIFEST_UNKNOWN', message: /"missing"/ });
    const layout = await Layout.open(at('l'));
    const { digest } = await layout.resolve('c');
    await writeFile(at(`l/blobs/sha256/${digest.slice('sha256:'.length)}`), 'damaged');
    const { code, out } = await run('rm', `oci:${at('l')}:a`);
    assert.equal(code, 4);
    assert.match(out, new RegExp(`^removed +0 B\nleft +all content: what ${digest} needs`, 'm'));
    const second = await json<{ removed: { unreadable: string[] }[] }>('rm', `oci:${at('l')}:b`, '--output', 'json');
    assert.deepEqual([second.code, second.removed[0]?.unreadable], [4, [digest]]);
  }));

test('a chain store follows the newest checkpoint of the container, and refuses what is none', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const digest = await writeEvidence(at('a.tar'));
    const append = (...args: string[]) =>
      json<{ after: string | null; added: number }>('append', at('a.tar'), ...args, '--output', 'json');
    assert.equal((await append(`oci:${at('l')}:one`)).after, null);
    const second = await append(`oci:${at('l')}:two`);
    assert.deepEqual([second.after, second.added], ['one', 0]);
    assert.equal((await append(`oci:${at('l')}:three`, '--after', 'one')).after, 'one');
    const seen = await json<{ recorded: unknown; chain: unknown }>('inspect', `oci:${at('l')}:two`);
    assert.deepEqual(seen.recorded, { digest, name: 'captured.tar', isLayer: true, isArchive: true });
    assert.match((await run('extract', `oci:${at('l')}:two`, at('out.tar'))).out, /, the same$/m);
    await run('build', at('a.tar'), `oci:${at('l')}:plain`);
    await assert.rejects(append(`oci:${at('l')}:x`, '--after', 'plain'), { code: 'ERR_USAGE_ARGUMENT' });
    await assert.rejects(append(`oci:${at('l')}`), { code: 'ERR_USAGE_ARGUMENT', message: /tag/ });
    await assert.rejects(append('registry.example/a:1'), { code: 'ERR_USAGE_ARGUMENT' });
  }));

test('the evidence goes where the image goes, and lies beside the archive again', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await writeEvidence(at('a.tar'));
    const written = await readFile(evidencePath(at('a.tar')));
    for (const [verb, name] of [
      ['build', 'built'],
      ['append', 'chained'],
    ] as const) {
      await run(verb, at('a.tar'), `oci:${at('one')}:${name}`);
      await run('copy', `oci:${at('one')}:${name}`, `oci:${at('two')}:${name}`);
      const { out } = await run('extract', `oci:${at('two')}:${name}`, at(`${name}.tar`));
      assert.match(out, /^evidence +.*\.tar\.evidence\.json$/m);
      assert.deepEqual(await readFile(evidencePath(at(`${name}.tar`))), written);
    }
    assert.equal((await run('list', at('two'))).out.trim().split('\n').length, 3, 'a title and two images');
    await run('rm', `oci:${at('two')}:built`, `oci:${at('two')}:chained`);
    assert.deepEqual(await readdir(at('two/blobs/sha256')), []);
  }));

test('evidence that is about another archive, or is none, stays where it is', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('l')}:a`);
    const layout = await Layout.open(at('l'));
    const subject = await layout.resolve('a');
    await writeEvidence(at('a.tar'), '0'.repeat(64));
    for (const bytes of [await readFile(evidencePath(at('a.tar'))), Buffer.from('{"payload":')]) {
      const artifactType = 'application/vnd.stillframe.evidence.v1+json';
      await putArtifact(layout, { artifactType, mediaType: 'application/json', subject, bytes });
    }
    const { out } = await run('extract', `oci:${at('l')}:a`, at('out.tar'));
    assert.match(out, /^evidence +none came with it$/m);
    assert.ok(!(await readdir(at('.'))).includes('out.tar.evidence.json'));
  }));
