/** `stillframe image build, list, inspect, extract` in this process, with the streams of the command held. */
import assert from 'node:assert/strict';
import { copyFile, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCheckpoint, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import { evidencePath } from '@stillframe/evidence';
import { atDesk, FIXTURE, writeEvidence } from './desk.fixture.ts';

async function writeWithout(path: string, lost: RegExp, more: Record<string, string> = {}): Promise<void> {
  await using whole = await openCheckpoint(FIXTURE);
  const kept = [...whole.archive.entries.values()].filter(({ name, kind }) => kind === 'file' && !lost.test(name));
  const entries: WriterEntry[] = [
    ...kept.map(({ name }) => ({ name, mode: 0o600, body: whole.archive.open(name) })),
    ...Object.entries(more).map(([name, text]) => ({ name, mode: 0o600, body: new TextEncoder().encode(text) })),
  ];
  await writeArchive(path, entries, { mtime: 0 });
}

test('what was recorded at the capture is verified, and travels with the image', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const digest = await writeEvidence(at('a.tar'));
    const built = await json<{ evidence: unknown }>('build', at('a.tar'), `oci:${at('one')}:a`, '--output', 'json');
    assert.deepEqual([built.code, built.evidence], [0, { digest, verified: true }]);
    await run('pull', `oci:${at('one')}:a`, `oci:${at('two')}:b`);
    const seen = await json<{ recorded: unknown }>('inspect', `oci:${at('two')}:b`);
    assert.deepEqual([seen.code, seen.recorded], [0, { digest, name: 'captured.tar', isLayer: true, isArchive: true }]);
    const extracted = await run('extract', `oci:${at('two')}:b`, at('out.tar'));
    assert.match(extracted.out, new RegExp(`recorded {2}${digest}, the same`));
    assert.deepEqual(await readFile(at('out.tar')), await readFile(FIXTURE));
  }));

test('an archive that was changed after its capture becomes no image, and nothing is left of the attempt', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    const digest = await writeEvidence(at('a.tar'));
    await using file = await open(at('a.tar'), 'r+');
    await file.write(Buffer.from([0xff]), 0, 1, 20_000);
    const build = ['build', at('a.tar'), `oci:${at('layout')}:a`];
    await assert.rejects(run(...build), { code: 'ERR_CHECKPOINT_DIGEST_MISMATCH', message: new RegExp(digest) });
    // That it was opened stays in its chain of custody.
    const beside = ['a.tar', 'a.tar.custody.jsonl', 'a.tar.evidence.json'];
    assert.deepEqual((await readdir(at('.'))).sort(), beside);
    assert.match((await run(...build, '--no-verify')).out, /not held against the archive/);
    // Whoever gets the image can still see it.
    const seen = await json<{ recorded: { isLayer: boolean } }>('inspect', `oci:${at('layout')}:a`);
    assert.deepEqual([seen.code, seen.recorded.isLayer], [4, false]);
    const { code, out } = await run('extract', `oci:${at('layout')}:a`, at('out.tar'));
    assert.equal(code, 4);
    assert.match(out, /ANOTHER/);
  }));

test('evidence that cannot be read is not the same as none', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    assert.match((await run('build', at('a.tar'), `oci:${at('l')}:a`)).out, /none beside the archive/);
    await writeFile(evidencePath(at('a.tar')), '{"payload": ');
    await assert.rejects(run('build', at('a.tar'), `oci:${at('l')}:b`), { code: 'ERR_EVIDENCE_INVALID' });
    await run('build', at('a.tar'), `oci:${at('l')}:b`, '--no-verify');
  }));

test('an archive that no process can be restored from becomes an image only where that is forced', () =>
  atDesk(async ({ at, run }) => {
    for (const [name, lost] of [
      ['no-memory.tar', /pages-\d+\.img$/],
      ['no-tree.tar', /pstree\.img$/],
      ['no-inventory.tar', /inventory\.img$/],
    ] as const) {
      await writeWithout(at(name), lost);
      const build = ['build', at(name), `oci:${at('layout')}:a`];
      await assert.rejects(run(...build), { code: 'ERR_CHECKPOINT_INCOMPLETE', hint: /--force/ });
      await run(...build, '--force');
    }
  }));

test('faults of the archive are told, and the exit code is that of partial evidence', () =>
  atDesk(async ({ at, run, json }) => {
    await writeWithout(at('a.tar'), /^deleted\.files$/, { 'deleted.files': '["/../etc/passwd"]' });
    const { code, err } = await run('build', at('a.tar'), `oci:${at('layout')}:a`);
    assert.equal(code, 4);
    assert.match(err, /^error: deleted\.files: .*would leave the container {2}\[deleted-file-unsafe\]\n$/);
    const build = ['build', at('a.tar'), `oci:${at('layout')}:a`, '--output', 'json'];
    const { diagnostics } = await json<{ diagnostics: { id: string }[] }>(...build);
    assert.deepEqual(
      diagnostics.map(({ id }) => id),
      ['deleted-file-unsafe'],
    );
  }));

test('a name without a registry is not sent to a public one', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('layout')}:a`);
    for (const [name, meant] of [
      ['web', 'docker.io/library/web:latest'],
      ['team/web:1', 'docker.io/team/web:1'],
    ] as const)
      for (const args of [
        ['build', at('a.tar'), name],
        ['push', `oci:${at('layout')}:a`, name],
        ['pull', name, `oci:${at('other')}:a`],
        ['inspect', name],
        ['extract', name, at('out.tar')],
      ])
        await assert.rejects(run(...args), { code: 'ERR_REFERENCE_INCOMPLETE', hint: new RegExp(meant) });
    assert.deepEqual((await readdir(at('.'))).sort(), ['a.tar', 'layout']);
  }));

test('a tag that is not there is pulled into nothing', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('layout')}:a`);
    const pull = run('pull', `oci:${at('layout')}:other`, `oci:${at('new')}:a`);
    await assert.rejects(pull, { code: 'ERR_OCI_MANIFEST_UNKNOWN' });
    assert.deepEqual((await readdir(at('.'))).sort(), ['a.tar', 'layout']);
  }));

test('the tags of a layout are listed, with what they stand for', () =>
  atDesk(async ({ at, run, json }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('layout')}:a`);
    await run('build', at('a.tar'), `oci:${at('layout')}:b`);
    const { size } = await stat(FIXTURE);
    const { images } = await json<{ images: { tag: string; checkpoint: { container: string; size: number } }[] }>(
      'list',
      at('layout'),
      '--output',
      'json',
    );
    assert.deepEqual(
      images.map(({ tag, checkpoint }) => [tag, checkpoint.container, checkpoint.size]),
      ['a', 'b'].map((tag) => [tag, 'counter', size]),
    );
    const { out } = await run('list', `oci:${at('layout')}`);
    assert.match(out, /^TAG +CONTAINER +SIZE +PINNED +DIGEST\na +default\/\S+\/counter .*sha256:[0-9a-f]{64}\nb /);
    assert.equal((await run('list', `oci:${at('layout')}:b`)).out.split('\n').length, 3);
    await mkdir(at('none'));
    await assert.rejects(run('list', at('none')), { code: 'ERR_OCI_LAYOUT_INVALID' });
  }));

test('an image whose manifest is damaged is listed all the same, and told', () =>
  atDesk(async ({ at, run }) => {
    await copyFile(FIXTURE, at('a.tar'));
    await run('build', at('a.tar'), `oci:${at('layout')}:a`);
    const index = JSON.parse(await readFile(join(at('layout'), 'index.json'), 'utf8'));
    const [, hex] = index.manifests[0].digest.split(':');
    await writeFile(join(at('layout'), 'blobs/sha256', hex), 'damaged');
    const { code, out, err } = await run('list', at('layout'));
    assert.equal(code, 4);
    assert.match(out, /^a +\(no checkpoint\)/m);
    assert.match(err, /^error: a: .*\[manifest-unreadable\]/);
  }));
