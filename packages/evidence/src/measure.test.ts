import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesSource, digestOf, joinedSource, sliceSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { measure } from './measure.ts';
import { measureInThreads } from './measure-threads.ts';
import { leafHash, MerkleRoot, nodeHash, RUN, RunHasher } from './merkle.ts';

/** RFC 6962, section 2.1, as it stands there: by recursion over the whole list. */
function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (leaves.length === 0 || !only) return createHash('sha256').digest();
  if (leaves.length === 1) return only;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

test('the roots of RFC 6962’s test tree are found', () => {
  const tree = new MerkleRoot();
  assert.equal(tree.root(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const hex of [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ])
    tree.add(leafHash(Buffer.from(hex, 'hex')));
  assert.equal(tree.root(), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
});

test('a root that is kept as its right edge is that of the whole tree, for any number of leaves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
      const leaves = Array.from({ length: count }, (_, at) => leafHash(Uint8Array.of(at & 255, at >> 8)));
      const tree = new MerkleRoot();
      for (const leaf of leaves) tree.add(leaf);
      assert.equal(tree.root(), Buffer.from(treeHash(leaves)).toString('hex'));
      assert.equal(tree.leaves, count);
    }),
  );
});

test('runs are the same however the bytes come', () => {
  const bytes = Buffer.alloc(3 * RUN + 17, 'memory');
  const whole = [0, 1, 2, 3].map((at) =>
    Buffer.from(leafHash(bytes.subarray(at * RUN, (at + 1) * RUN))).toString('hex'),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), (cuts) => {
      const found: string[] = [];
      const runs = new RunHasher((leaf) => found.push(Buffer.from(leaf).toString('hex')));
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      for (const [at, place] of places.entries()) runs.update(bytes.subarray(place, places[at + 1] ?? bytes.length));
      runs.end();
      assert.deepEqual(found, whole);
    }),
    { numRuns: 30 },
  );
});

test('one pass gives the archive’s digest, each entry’s, and the root over all pages', async () => {
  const bytes = Buffer.alloc(9 << 20);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  const ranges = [
    { name: 'config.dump', offset: 512, size: 700 },
    { name: 'empty', offset: 2048, size: 0 },
    { name: 'checkpoint/pages-1.img', offset: 4096, size: (5 << 20) + 4096 },
    { name: 'checkpoint/pages-2.img', offset: 6 << 20, size: 100 },
    { name: 'rootfs-diff.tar', offset: 7 << 20, size: 2 << 20 },
  ];
  const part = (name: string) => {
    const { offset = 0, size = 0 } = ranges.find((range) => range.name === name) ?? {};
    return bytes.subarray(offset, offset + size);
  };
  const leavesOf = (name: string) => {
    const pages = part(name);
    return Array.from({ length: Math.ceil(pages.length / RUN) }, (_, at) =>
      leafHash(pages.subarray(at * RUN, (at + 1) * RUN)),
    );
  };
  const rootOf = (...names: string[]) => Buffer.from(treeHash(names.flatMap(leavesOf))).toString('hex');
  const seen: number[] = [];
  const found = await measure(bytesSource(bytes), ranges.toReversed(), { onProgress: (done) => seen.push(done) });
  assert.equal(found.digest, digestOf(bytes));
  assert.equal(found.size, bytes.length);
  assert.deepEqual(seen, [4 << 20, 8 << 20, 9 << 20]);
  const [one, two] = ['checkpoint/pages-1.img', 'checkpoint/pages-2.img'];
  assert.deepEqual(found.entries, [
    { name: 'config.dump', size: 700, digest: digestOf(part('config.dump')) },
    { name: 'empty', size: 0, digest: digestOf(new Uint8Array()) },
    { name: one, size: (5 << 20) + 4096, root: rootOf(one) },
    { name: two, size: 100, root: rootOf(two) },
    { name: 'rootfs-diff.tar', size: 2 << 20, digest: digestOf(part('rootfs-diff.tar')) },
  ]);
  assert.deepEqual(found.memory, { algorithm: 'rfc6962-sha256', run: RUN, leaves: 82, root: rootOf(one, two) });
});

test('ranges of a forged index, over one another and beyond the end, are measured without a failure', async () => {
  const range = fc.record({ name: fc.constantFrom('a', 'pages-1.img'), offset: fc.nat(3000), size: fc.nat(5000) });
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 8 }), async (ranges) => {
      const found = await measure(bytesSource(new Uint8Array(2000)), ranges);
      assert.equal(found.entries.length, ranges.length);
    }),
  );
});

/** Above what is worth threads, in a file that takes no room, behind a front that is in memory, as a capture has it. */
async function largeSource(folder: string) {
  const path = join(folder, 'pages');
  await using file = await open(path, 'wx');
  await file.truncate(65 << 20);
  await file.write('page', 40 << 20);
  const front = new Uint8Array(new SharedArrayBuffer(4096)).fill(7);
  const rest = Buffer.from('the log\n');
  const pages = await openFileSource(path);
  const ranges = [
    { name: 'config.dump', offset: 512, size: 100 },
    { name: 'checkpoint/pages-1.img', offset: 4096, size: pages.size },
    { name: 'dump.log', offset: 4096 + pages.size, size: 8 },
  ];
  return { path, pages, source: joinedSource([front, pages, rest]), ranges };
}

test('two threads find what one finds, of a file and of parts, and say how far they are', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { pages, source, ranges } = await largeSource(folder.path);
  await using _open = pages;
  const expected = await measure(source, ranges);
  const told: number[] = [];
  const onProgress = (bytes: number) => void told.push(bytes);
  const { locator } = source;
  assert.ok(locator?.kind === 'joined');
  // Not by way of measure, which does it without threads where they fail.
  assert.deepEqual(await measureInThreads(locator, ranges, { onProgress }), expected);
  assert.equal(told.at(-1), source.size);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  const window = sliceSource(source, 4096, pages.size);
  const only = [{ name: 'checkpoint/pages-1.img', offset: 0, size: pages.size }];
  assert.deepEqual(await measure(window, only, { threads: true }), await measure(pages, only));
});

test('threads end with the signal, and what they cannot read is told as without them', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { path, pages, source, ranges } = await largeSource(folder.path);
  await using _open = pages;
  const controller = new AbortController();
  const given = measure(source, ranges, { threads: true, signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(given, /enough/);
  await truncate(path, 50 << 20);
  await assert.rejects(measure(source, ranges, { threads: true }), { code: 'ERR_BYTES_OUT_OF_RANGE' });
});
