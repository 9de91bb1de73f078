import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, openRootfsDiff, type WriterEntry, writeArchive } from '@stillframe/checkpoint';
import { digestOf, readAll } from '@stillframe/core';
import { Command } from 'commander';
import type { Io } from '../io.ts';
import { convert } from './convert.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));
const DELETED = 'deleted.files';
/** st_mode of a folder as CRIU writes it (reg_file_entry.mode, a varint): CRI-O's root, and containerd's. */
const [ROOT_0555, ROOT_0755] = ['ed8201', 'ed8301'].map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillframe-convert-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function ran(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  const ended = { out: '', err: '', code: 0 };
  const io = {
    out: (part: string) => (ended.out += part),
    err: (part: string) => (ended.err += part),
    env: {},
    signal: new AbortController().signal,
  } as unknown as Io;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  convert(program, io, (code) => (ended.code = code ?? 0));
  await program.parseAsync(['convert', ...args], { from: 'user' });
  return ended;
}

async function run(...args: string[]): Promise<string> {
  return (await ran(...args)).out;
}

/** CRI-O's counter, captured below a root of containerd's mode. */
async function convertible(name: string): Promise<string> {
  const bytes = await readFile(FIXTURE);
  await using checkpoint = await openCheckpoint(FIXTURE);
  const image = checkpoint.archive.entries.get('checkpoint/files.img');
  assert.ok(image);
  const files = bytes.subarray(image.offset, image.offset + image.size);
  for (let at = files.indexOf(ROOT_0555); at >= 0; at = files.indexOf(ROOT_0555, at)) ROOT_0755.copy(files, at);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

test('an archive gets containerd’s documents beside it, and keeps CRIU’s images byte for byte', async () => {
  const source = await convertible('counter.tar');
  const before = await readFile(source);
  const { archive, digest, size } = JSON.parse(await run(source, '--for', 'containerd', '--output', 'json'));
  assert.equal(archive, join(folder, 'counter.containerd.tar'));
  assert.deepEqual(await readFile(source), before);
  const bytes = await readFile(archive);
  assert.deepEqual([digest, size], [digestOf(bytes), bytes.length]);
  assert.equal((await stat(archive)).mode & 0o777, 0o600);
  await using made = await openCheckpoint(archive);
  await using was = await openCheckpoint(source);
  for (const name of ['status.dump', 'status', 'spec.dump', 'container.log']) assert.ok(made.archive.has(name), name);
  assert.equal(made.metadata.engine, 'cri-o', 'its own documents still say who captured it');
  assert.equal(made.documents.spec?.annotations.get('io.kubernetes.cri.container-name'), 'counter');
  const images = [...was.archive.entries.keys()].filter((name) => /^checkpoint\/./.test(name));
  assert.ok(images.includes('checkpoint/pages-1.img'));
  for (const name of images) {
    const [one, other] = await Promise.all(
      [made, was].map(({ archive: each }) => readAll(each.open(name), { limit: 1 << 24 })),
    );
    assert.deepEqual(one, other, name);
  }
  const deleted = was.documents.deletedFiles;
  await using diff = await openRootfsDiff(made);
  for (const path of deleted) assert.ok(diff?.has(path.slice(1).replace(/([^/]+)$/, '.wh.$1')), path);
});

test('what exists is never overwritten, and nothing is left of a conversion that is refused', async () => {
  const source = await convertible('again.tar');
  const taken = join(folder, 'taken.tar');
  await writeFile(taken, 'mine');
  const names = (await readdir(folder)).sort();
  await assert.rejects(run(source, taken, '--for', 'containerd'), { code: 'ERR_FILE_EXISTS' });
  assert.equal(await readFile(taken, 'utf8'), 'mine');
  const refused = run(FIXTURE, join(folder, 'never.tar'), '--for', 'podman');
  await assert.rejects(refused, { code: 'ERR_CHECKPOINT_CONVERSION', message: /no pid namespace/ });
  assert.deepEqual((await readdir(folder)).sort(), names);
});

test('faults of the archive are told, and the exit code is that of partial evidence', async () => {
  await using source = await openCheckpoint(await convertible('sound.tar'));
  const kept = [...source.archive.entries.values()].filter(({ name, kind }) => kind === 'file' && name !== DELETED);
  const entries: WriterEntry[] = kept.map(({ name }) => ({ name, mode: 0o600, body: source.archive.open(name) }));
  const faulty = join(folder, 'faulty.tar');
  const body = new TextEncoder().encode('["/../etc/passwd"]');
  await writeArchive(faulty, [...entries, { name: DELETED, mode: 0o600, body }], { mtime: 0 });
  const { code, err, out } = await ran(faulty, '--for', 'containerd', '--output', 'json');
  assert.equal(code, 4);
  assert.match(err, /^error: deleted\.files: .*\[deleted-file-unsafe\]\n$/);
  assert.equal(JSON.parse(out).diagnostics[0].id, 'deleted-file-unsafe');
});

test('engines that cannot be converted for are no choice, and nothing to do is not either', async () => {
  await assert.rejects(run(FIXTURE, '--for', 'docker'), /Allowed choices are cri-o, containerd, podman/);
  await assert.rejects(run(FIXTURE), { code: 'ERR_USAGE_ARGUMENT', hint: /--for, --zstd or --drop-zero-pages/ });
});
