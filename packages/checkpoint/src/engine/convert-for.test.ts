import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { type WriterEntry, writeArchive } from '../archive/writer.ts';
import { encodeHeader, endOfArchive } from '../archive/writer-header.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint.ts';
import { openRootfsDiff } from '../rootfs-diff.ts';
import { convertFor, isLaidOutFor } from './convert-for.ts';
import type { ConversionTarget } from './target.ts';

const fixture = (name: string) => join(import.meta.dirname, '../../fixtures', `${name}-counter.tar`);

async function converted(
  source: Checkpoint,
  engine: ConversionTarget,
  look: (made: Checkpoint) => Promise<void>,
): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'made.tar');
  await writeArchive(path, await convertFor(source, engine), { mtime: 0 });
  await using made = await openCheckpoint(path);
  await look(made);
}

/** Permission bits of each root folder in files.img. */
async function rootModes({ images }: Checkpoint): Promise<number[]> {
  const modes: number[] = [];
  for await (const { reg } of images.entries('files')) if (reg?.name === '/') modes.push((reg.mode ?? 0) & 0o7777);
  return modes;
}

async function textOf({ archive }: Checkpoint, name: string): Promise<string> {
  return new TextDecoder().decode(await readAll(archive.open(name), { limit: 1 << 20 }));
}

/** The fixture with other documents, as `change` makes them of the old text. */
async function changed(name: string, change: Record<string, (text: string) => string | Uint8Array>, path: string) {
  await using source = await openCheckpoint(fixture(name));
  const kept = [...source.archive.entries.values()].filter(({ kind }) => kind === 'file');
  const entries: WriterEntry[] = [];
  for (const entry of kept) {
    const make = change[entry.name];
    const made = make?.(await textOf(source, entry.name));
    const body = typeof made === 'string' ? new TextEncoder().encode(made) : (made ?? source.archive.open(entry.name));
    entries.push({ name: entry.name, mode: 0o600, body });
  }
  await writeArchive(path, entries, { mtime: 0 });
}

test('who takes an archive as it is', async () => {
  const taken: Record<string, string[]> = {};
  for (const name of ['crio', 'containerd', 'podman']) {
    await using checkpoint = await openCheckpoint(fixture(name));
    const engines: ConversionTarget[] = ['cri-o', 'containerd', 'podman'];
    taken[name] = engines.filter((engine) => isLaidOutFor(checkpoint, engine));
    for (const engine of taken[name] as ConversionTarget[]) {
      await assert.rejects(convertFor(checkpoint, engine), { code: 'ERR_CHECKPOINT_CONVERSION', hint: /as it is/ });
    }
  }
  assert.deepEqual(taken, { crio: ['cri-o'], containerd: ['containerd'], podman: ['podman'] });
});

test('for containerd: its documents, and the mode of its root folders in the one image that tells it', async () => {
  await using source = await openCheckpoint(fixture('crio'));
  assert.deepEqual(new Set(await rootModes(source)), new Set([0o555]));
  await converted(source, 'containerd', async (made) => {
    assert.deepEqual(new Set(await rootModes(made)), new Set([0o755]));
    for (const name of ['status.dump', 'status', 'container.log']) assert.ok(made.archive.has(name), name);
    assert.ok(isLaidOutFor(made, 'containerd'));
    const images = [...source.archive.entries.keys()].filter((name) => /^checkpoint\/.+/.test(name));
    for (const name of images.filter((each) => !each.endsWith('/files.img'))) {
      const [one, other] = await Promise.all(
        [made, source].map(({ archive }) => readAll(archive.open(name), { limit: 1 << 24 })),
      );
      assert.deepEqual(one, other, name);
    }
  });
});

test('an archive of containerd for CRI-O: its annotations, no reference that is no id, and a plain diff', async () => {
  await using source = await openCheckpoint(fixture('containerd'));
  await converted(source, 'cri-o', async (made) => {
    assert.ok(isLaidOutFor(made, 'cri-o'));
    assert.ok(!made.archive.has('status.dump') && made.archive.has('io.kubernetes.cri-o.LogPath'));
    assert.deepEqual(new Set(await rootModes(made)), new Set([0o555]));
    const config = JSON.parse(await textOf(made, 'config.dump'));
    assert.deepEqual([config.rootfsImageRef, config.runtime], [undefined, 'runc']);
    assert.equal(config.rootfsImageName, source.metadata.image.name);
    assert.equal(made.metadata.container.podName, source.metadata.container.podName);
    assert.equal((await textOf(made, 'spec.dump')).includes('io.kubernetes.cri-o.Annotations'), true);
    await using diff = await openRootfsDiff(made);
    await using before = await openRootfsDiff(source);
    assert.equal(diff?.compression, 'none');
    assert.deepEqual([...(diff?.entries.keys() ?? [])], [...(before?.entries.keys() ?? [])]);
  });
});

test('whiteouts become a list for CRI-O; what names no path deletes none', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const file = (name: string) => encodeHeader({ name, type: 'file', size: 0, mode: 0o600, mtime: 0 });
  const long = `${'d/'.repeat(120)}.wh.long`;
  const diff = Buffer.concat([
    file('etc/kept'),
    file('etc/.wh.motd'),
    file(long),
    file('.wh...'),
    file('last'),
    endOfArchive,
  ]);
  const path = join(folder.path, 'whiteouts.tar');
  await changed('containerd', { 'rootfs-diff.tar': () => diff }, path);
  await using source = await openCheckpoint(path);
  await converted(source, 'cri-o', async (made) => {
    assert.deepEqual([...made.documents.deletedFiles], ['/etc/motd', `/${'d/'.repeat(120)}long`]);
    await using left = await openRootfsDiff(made);
    assert.deepEqual([...(left?.entries.keys() ?? [])], ['etc/kept', 'last']);
    assert.equal(left?.diagnostics.length, 0);
  });
});

test('a folder that hides all of the image’s cannot be told to CRI-O', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const opaque = encodeHeader({ name: 'etc/.wh..wh..opq', type: 'file', size: 0, mode: 0o600, mtime: 0 });
  const path = join(folder.path, 'opaque.tar');
  await changed('containerd', { 'rootfs-diff.tar': () => Buffer.concat([opaque, endOfArchive]) }, path);
  await using source = await openCheckpoint(path);
  await assert.rejects(convertFor(source, 'cri-o'), {
    code: 'ERR_CHECKPOINT_CONVERSION',
    message: /hides whole folders/,
  });
});

test('for podman: libpod’s own config, namespaces without paths of another node, its own files for the pod’s', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'own-pids.tar');
  const ownPids = (text: string) => {
    const spec = JSON.parse(text);
    for (const namespace of spec.linux.namespaces) if (namespace.type === 'pid') delete namespace.path;
    return JSON.stringify(spec);
  };
  await changed('crio', { 'spec.dump': ownPids }, path);
  await using source = await openCheckpoint(path);
  await converted(source, 'podman', async (made) => {
    assert.equal(made.metadata.engine, 'podman');
    assert.ok(isLaidOutFor(made, 'podman'));
    assert.equal(made.metadata.image.ref, source.metadata.image.ref);
    assert.ok(made.spec?.namespaces.every(({ path: joined }) => joined === undefined));
    const destinations = made.spec?.mounts.map(({ destination }) => destination) ?? [];
    for (const gone of ['/dev/shm', '/etc/hostname', '/run/.containerenv'])
      assert.ok(!destinations.includes(gone), gone);
    const config = JSON.parse(await textOf(made, 'config.dump'));
    assert.deepEqual([config.createNetNS, config.networkMode, config.noShm], [true, 'bridge', undefined]);
    assert.equal(await textOf(made, 'ctr.log'), await textOf(source, 'io.kubernetes.cri-o.LogPath'));
    assert.ok(made.archive.has('deleted.files') === source.archive.has('deleted.files'));
  });
});

test('a dump in a PID namespace that others share is not for podman, and it is said why', async () => {
  await using source = await openCheckpoint(fixture('crio'));
  await assert.rejects(convertFor(source, 'podman'), {
    code: 'ERR_CHECKPOINT_CONVERSION',
    message: /no pid namespace/,
    hint: /CRI-O/,
  });
});

test('archives of podman are refused by name', async () => {
  await using checkpoint = await openCheckpoint(fixture('podman'));
  for (const target of ['cri-o', 'containerd'] as const) {
    await assert.rejects(convertFor(checkpoint, target), { code: 'ERR_CHECKPOINT_CONVERSION', message: /podman/ });
  }
});
