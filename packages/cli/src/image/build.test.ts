/** `stillframe image build`: targets, engines, pods. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { Layout } from '@stillframe/oci';
import { atDesk, FIXTURE, writeEvidence } from './desk.fixture.ts';

/** The fixture as it would be of another container of its pod, with its evidence. */
async function writeSibling(path: string, name: string): Promise<void> {
  await using source = await openCheckpoint(FIXTURE);
  const text = new TextDecoder().decode(await readAll(source.archive.open('spec.dump'), { limit: 1 << 20 }));
  const spec = new TextEncoder().encode(text.replaceAll('\\"counter\\"', `\\"${name}\\"`));
  const entries: WriterEntry[] = [...source.archive.entries.values()]
    .filter(({ kind }) => kind === 'file')
    .map((entry) => ({
      name: entry.name,
      mode: 0o600,
      body: entry.name === 'spec.dump' ? spec : source.archive.open(entry.name),
    }));
  await writeArchive(path, entries, { mtime: 0 });
  await writeEvidence(path);
}

test('-t may be given several times, as layout or registry, and one of them must be there', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const [one, two, three] = ['one:a', 'one:b', 'two:a'].map((place) => `oci:${at(place)}`) as [
      string,
      string,
      string,
    ];
    const { images } = await json<{ images: { reference: string; manifest: { digest: string } }[] }>(
      ...['build', at('a.tar'), one, '-t', two, '--tag', three, '--output', 'json'],
    );
    assert.deepEqual(
      images.map(({ reference }) => reference),
      [one, two, three],
    );
    for (const place of [one, two, three]) {
      const seen = await json<{ manifest: { digest: string } }>('inspect', place);
      assert.equal(seen.manifest.digest, images[0]?.manifest.digest, place);
    }
    await assert.rejects(run('build', at('a.tar')), { code: 'ERR_USAGE_ARGUMENT', hint: /-t/ });
    // None is written where one of them is wrong.
    await assert.rejects(run('build', at('a.tar'), '-t', `oci:${at('new')}:a`, '-t', 'web'), {
      code: 'ERR_REFERENCE_INCOMPLETE',
    });
    assert.deepEqual((await readdir(at('.'))).sort(), ['a.tar', 'one', 'two']);
  }));

test('an index stands over the manifest with the same marks, for engines that look there', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('l')}:a`, '--index');
    const layout = await Layout.open(at('l'));
    const index = JSON.parse(Buffer.from(await layout.manifest(await layout.resolve('a'))).toString());
    assert.equal(index.manifests.length, 1);
    assert.deepEqual(index.manifests[0].platform, { os: 'linux', architecture: 'amd64' });
    const manifest = JSON.parse(Buffer.from(await layout.manifest(index.manifests[0])).toString());
    assert.deepEqual(index.annotations, manifest.annotations);
    const marks = ['io.kubernetes.cri-o.annotations.checkpoint.name', 'org.criu.checkpoint.container.name'];
    for (const mark of [...marks, 'io.podman.annotations.checkpoint.name'])
      assert.equal(index.annotations[mark], 'counter');
  }));

test('--for makes the layer of another layout, names the archive that it was made of, and nothing is left of the work', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const digest = await writeEvidence(at('a.tar'));
    type Built = { layer: { digest: string }; converted: boolean; evidence: unknown; facts: Record<string, string> };
    const build = (engine: string) =>
      json<Built>('build', at('a.tar'), `oci:${at('l')}:${engine}`, '--for', engine, '--output', 'json');
    const crio = await build('cri-o');
    assert.deepEqual([crio.converted, crio.layer.digest, crio.facts['recordedDigest']], [false, digest, digest]);
    const made = await build('containerd');
    assert.deepEqual([made.converted, made.evidence], [true, { digest, verified: true }]);
    const { sourceDigest, recordedDigest, engineName } = made.facts;
    assert.deepEqual([sourceDigest, recordedDigest, engineName], [digest, undefined, 'cri-o']);
    const again = await build('containerd');
    assert.equal(again.layer.digest, made.layer.digest);
    const seen = await json<{ recorded?: unknown }>('inspect', `oci:${at('l')}:containerd`);
    assert.deepEqual([seen.code, seen.recorded], [0, undefined]);
    await run('extract', `oci:${at('l')}:containerd`, at('out.tar'));
    await using checkpoint = await openCheckpoint(at('out.tar'));
    assert.ok(checkpoint.archive.has('status.dump'));
    // The evidence is about the archive that it was made of, not about this one.
    assert.ok(!(await readdir(at('.'))).includes('out.tar.evidence.json'));
    assert.deepEqual((await readdir(at('l'))).sort(), ['blobs', 'index.json', 'oci-layout']);
    // This one shares its pids with its pod.
    await assert.rejects(build('podman'), { code: 'ERR_CHECKPOINT_CONVERSION' });
    await copyFile(FIXTURE, at('b.tar'));
    await copyFile(evidencePath(at('a.tar')), evidencePath(at('b.tar')));
    await using file = await open(at('b.tar'), 'r+');
    await file.write(Buffer.from([0xff]), 0, 1, 20_000);
    const forged = run('build', at('b.tar'), `oci:${at('never')}:a`, '--for', 'containerd');
    await assert.rejects(forged, { code: 'ERR_CHECKPOINT_DIGEST_MISMATCH' });
    assert.ok(!(await readdir(at('.'))).includes('never'));
  }));

test('the archives of a pod become one image; each is found by its container’s name', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await writeEvidence(at('a.tar'));
    await writeSibling(at('b.tar'), 'sidecar');
    const where = `oci:${at('l')}:pod`;
    const built = await json<{
      kind: string;
      containers: { facts: { containerName: string } }[];
      index: { digest: string };
    }>(...['build', at('a.tar'), at('b.tar'), '-t', where, '--output', 'json']);
    const names = (rows: { facts: { containerName: string } }[]) => rows.map(({ facts }) => facts.containerName);
    assert.deepEqual([built.kind, names(built.containers)], ['PodCheckpointImage', ['counter', 'sidecar']]);
    const layout = await Layout.open(at('l'));
    const index = JSON.parse(Buffer.from(await layout.manifest(await layout.resolve('pod'))).toString());
    assert.deepEqual(
      index.manifests.map(({ annotations }: { annotations: Record<string, string> }) => annotations),
      ['counter', 'sidecar'].map((name) => ({ 'org.criu.checkpoint.container.name': name })),
    );
    assert.equal(index.annotations['org.criu.checkpoint.pod.name'], 'counters');
    assert.equal(index.annotations['org.criu.checkpoint.container.name'], undefined);

    await run('copy', where, `oci:${at('other')}:pod`);
    const seen = await json<{ containers: typeof built.containers }>('inspect', `oci:${at('other')}:pod`);
    assert.deepEqual([seen.code, names(seen.containers)], [0, ['counter', 'sidecar']]);
    const one = await json<{ facts: { containerName: string } }>('inspect', where, '--container', 'sidecar');
    assert.equal(one.facts.containerName, 'sidecar');
    assert.match((await run('list', at('l'))).out, /^pod +\S+counter .*\npod +\S+sidecar /m);

    await assert.rejects(run('extract', where, at('out.tar')), {
      code: 'ERR_IMAGE_CONTAINER_AMBIGUOUS',
      message: /counter, sidecar/,
      hint: /--container/,
    });
    await assert.rejects(run('extract', where, at('out.tar'), '--container', 'web'), {
      code: 'ERR_IMAGE_CONTAINER_MISSING',
      hint: /counter, sidecar/,
    });
    for (const [name, file] of [
      ['counter', 'a.tar'],
      ['sidecar', 'b.tar'],
    ] as const) {
      await run('extract', where, at(`${name}.out`), '--container', name);
      assert.deepEqual(await readFile(at(`${name}.out`)), await readFile(at(file)));
      assert.deepEqual(await readFile(evidencePath(at(`${name}.out`))), await readFile(evidencePath(at(file))));
    }

    await assert.rejects(run('build', at('a.tar'), at('a.tar'), '-t', where), {
      code: 'ERR_POD_ARCHIVES',
      message: /two of/,
    });
    const stranger = fileURLToPath(new URL('../../../checkpoint/fixtures/containerd-counter.tar', import.meta.url));
    await assert.rejects(run('build', at('a.tar'), stranger, '-t', where), {
      code: 'ERR_POD_ARCHIVES',
      message: /several/,
    });
  }));

test('the folder that a pod’s checkpoint was written into stands for its archives', () =>
  atDesk(async ({ at, run, json }) => {
    await mkdir(at('pod'));
    await copyFile(FIXTURE, at('pod/a.tar'));
    await writeSibling(at('pod/b.tar'), 'sidecar');
    const containers = { counter: 'a.tar', sidecar: 'b.tar' };
    await writeFile(at('pod/pod.options'), JSON.stringify({ version: 1, containers, annotations: {} }));
    for (const [what, tag] of [
      ['pod', 'one'],
      ['pod/pod.options', 'two'],
    ] as const) {
      await run('build', at(what), `oci:${at('l')}:${tag}`);
      const seen = await json<{ containers: unknown[] }>('inspect', `oci:${at('l')}:${tag}`);
      assert.equal(seen.containers.length, 2);
    }
    await writeFile(at('pod/pod.options'), JSON.stringify({ version: 1, containers: { counter: '../a.tar' } }));
    await assert.rejects(run('build', at('pod'), `oci:${at('l')}:three`), { code: 'ERR_POD_ARCHIVES' });
  }));
