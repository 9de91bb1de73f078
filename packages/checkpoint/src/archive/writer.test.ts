import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf, digestSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { rangesOf } from './ranges.ts';
import { readTarIndex } from './reader.ts';
import { BLOCK } from './tar-header.ts';
import { planArchive, type WriterEntry, type WriterOptions, writeArchive } from './writer.ts';

const MiB = 1 << 20;
const mtime = 1_700_000_000;

/** Inserts zeroes as the kernel would, by writing the file anew. */
async function rewriting(path: string, length: number): Promise<boolean> {
  await writeFile(path, Buffer.concat([Buffer.alloc(length), await readFile(path)]));
  return true;
}

/** A filesystem with blocks of 64 KiB. */
const coarse = async (path: string, length: number) => length % 65536 === 0 && rewriting(path, length);
const refusing = async () => false;

/** Bytes that differ from place to place and from file to file. */
function bytesOf(size: number, seed: number): Uint8Array {
  const stamp = createHash('sha256').update(String(seed)).digest();
  return Buffer.alloc(size, stamp);
}

interface Plan {
  name: string;
  size: number;
  inFile: boolean;
}

const part = fc.string({ unit: fc.constantFrom(...'abcäß日🦊 .-_\n'), minLength: 1, maxLength: 140 });
const plan: fc.Arbitrary<Plan> = fc.record({
  name: fc
    .array(
      part.filter((text) => !/^\.{1,2}$/.test(text)),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => parts.join('/')),
  size: fc.oneof(
    { weight: 8, arbitrary: fc.nat(3000) },
    { weight: 1, arbitrary: fc.integer({ min: MiB - 2, max: MiB + 9000 }) },
  ),
  inFile: fc.boolean(),
});
const plans = fc.uniqueArray(plan, { selector: ({ name }) => name, maxLength: 12 });

/** Writes an archive of `some` in a folder of its own and holds what a reader finds against it. */
async function roundTrip(some: readonly Plan[], insertFront: WriterOptions['insertFront']) {
  const options = { mtime, ...(insertFront === coarse ? { blockSize: 65536 } : {}) };
  await using folder = await openTemporaryFolder(tmpdir());
  const entries: WriterEntry[] = [];
  for (const [i, { name, size, inFile }] of some.entries()) {
    const bytes = bytesOf(size, i);
    const path = join(folder.path, `body-${i}`);
    if (inFile) await writeFile(path, bytes);
    entries.push({ name, mode: 0o600 + (i % 8), body: inFile ? { path } : bytes });
  }
  const target = join(folder.path, 'archive.tar');
  const plan = await planArchive(entries, { ...options, adopts: insertFront !== undefined });
  const planned = await digestSource(plan.source);
  const written = await writeArchive(target, entries, { ...options, insertFront });
  await using source = await openFileSource(target);
  const index = await readTarIndex(source);
  assert.deepEqual(index.diagnostics, []);
  assert.equal(index.fault, undefined);
  assert.equal(index.endOffset, written.size);
  assert.equal(source.size, written.size);
  assert.deepEqual(plan.ranges, rangesOf(index.entries));
  assert.equal(await digestSource(source), planned);
  assert.deepEqual([...index.entries.keys()].sort(), some.map(({ name }) => name).sort());
  for (const [i, { name, size }] of some.entries()) {
    const found = index.entries.get(name);
    assert.deepEqual([found?.size, found?.mode, found?.mtime], [size, 0o600 + (i % 8), mtime]);
    assert.equal(await digestSource(index.open(name)), digestOf(bytesOf(size, i)), name);
  }
  return { written, index };
}

for (const [what, insertFront] of [
  ['without a way to insert', undefined],
  ['where inserting works', rewriting],
  ['where only 64 KiB can be inserted', coarse],
  ['where the filesystem refuses', refusing],
] as const) {
  test(`what was written is read back, ${what}`, async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (some) => void (await roundTrip(some, insertFront))),
      { numRuns: 40 },
    );
  });
}

test('the largest file becomes the archive, its body at a whole filesystem block', async () => {
  const some = [
    { name: 'config.dump', size: 700, inFile: false },
    { name: 'checkpoint/core-1.img', size: 3000, inFile: true },
    { name: 'checkpoint/pages-1.img', size: 3 * MiB + 17, inFile: true },
    { name: 'dump.log', size: 9000, inFile: true },
  ];
  for (const [insertFront, alignment] of [
    [rewriting, 4096],
    [coarse, 65536],
  ] as const) {
    const { written, index } = await roundTrip(some, insertFront);
    assert.equal(written.adopted, true);
    assert.equal((index.entries.get('checkpoint/pages-1.img')?.offset ?? 1) % alignment, 0);
    assert.deepEqual(
      [...index.entries.keys()],
      some.map(({ name }) => name),
    );
  }
});

test('every amount of metadata before it is brought to a whole block', async () => {
  for (let size = 0; size <= 4608; size += BLOCK) {
    const some = [
      { name: 'config.dump', size, inFile: false },
      { name: 'pages-1.img', size: MiB, inFile: true },
    ];
    const { index } = await roundTrip(some, rewriting);
    assert.equal((index.entries.get('pages-1.img')?.offset ?? 1) % 4096, 0, String(size));
  }
});

test('other large files before the adopted one move behind it', async () => {
  const some = [
    { name: 'pages-1.img', size: 2 * MiB, inFile: true },
    { name: 'pages-2.img', size: 3 * MiB, inFile: true },
  ];
  const { index } = await roundTrip(some, rewriting);
  assert.deepEqual([...index.entries.keys()], ['pages-2.img', 'pages-1.img']);
});

test('small files, bodies in memory and folders are never adopted', async () => {
  const small = await roundTrip([{ name: 'pages-1.img', size: MiB - 1, inFile: true }], () => assert.fail('not asked'));
  assert.equal(small.written.adopted, false);
  const memory = await roundTrip([{ name: 'pages-1.img', size: MiB, inFile: false }], () => assert.fail('not asked'));
  assert.equal(memory.written.adopted, false);
});

test('a folder keeps its place and mode, and the archive is its owner’s alone', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const target = join(folder.path, 'archive.tar');
  await writeArchive(target, [{ name: 'checkpoint/', mode: 0o700, body: undefined }], { mtime });
  await using source = await openFileSource(target);
  const found = (await readTarIndex(source)).entries.get('checkpoint');
  assert.deepEqual([found?.kind, found?.mode, found?.size], ['folder', 0o700, 0]);
  assert.equal((await stat(target)).mode & 0o777, 0o600);
});

test('an adopted body is gone from its place, others stay', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const [pages, log] = [join(folder.path, 'pages'), join(folder.path, 'log')];
  await writeFile(pages, bytesOf(MiB, 1), { mode: 0o644 });
  await writeFile(log, 'log');
  const entries = [
    { name: 'pages', mode: 0o600, body: { path: pages } },
    { name: 'log', mode: 0o600, body: { path: log } },
  ];
  const target = join(folder.path, 'archive.tar');
  await writeArchive(target, entries, { mtime, insertFront: rewriting });
  assert.deepEqual((await readdir(folder.path)).sort(), ['archive.tar', 'log']);
  assert.equal((await stat(target)).mode & 0o777, 0o600);
});

test('a failure leaves no archive behind', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const body = { path: join(folder.path, 'pages') };
  await writeFile(body.path, bytesOf(5 * MiB, 1));
  const target = join(folder.path, 'archive.tar');
  const entries = [{ name: 'pages', mode: 0o600, body }];
  await assert.rejects(writeArchive(target, entries, { mtime, signal: AbortSignal.abort() }), { name: 'AbortError' });
  const broken = () => Promise.reject(new Error('input/output error'));
  await assert.rejects(writeArchive(target, entries, { mtime, insertFront: broken }), /input\/output error/);
  const missing = [{ name: 'gone', mode: 0o600, body: { path: join(folder.path, 'gone') } }];
  await assert.rejects(writeArchive(target, missing, { mtime }), { code: 'ENOENT' });
  assert.deepEqual(await readdir(folder.path), ['pages']);
});

test('a file that is there already is refused and left as it is', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const target = join(folder.path, 'archive.tar');
  await writeFile(target, 'precious');
  const body = { path: join(folder.path, 'pages') };
  await writeFile(body.path, bytesOf(MiB, 1));
  for (const options of [{ mtime }, { mtime, insertFront: rewriting }]) {
    await assert.rejects(writeArchive(target, [{ name: 'pages', mode: 0o600, body }], options), { code: 'EEXIST' });
    assert.equal(await readFile(target, 'utf8'), 'precious');
    assert.deepEqual(await readFile(body.path), bytesOf(MiB, 1));
  }
});
