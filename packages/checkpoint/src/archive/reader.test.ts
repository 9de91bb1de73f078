import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type ByteSource, bytesSource, limits, readAll } from '@stillframe/core';
import { readTarIndex } from './reader.ts';
import { endMark, entry, gnuLong, pax, tarOf } from './tar.fixture.ts';
import { encodeTarHeader } from './tar-header.ts';

const index = (bytes: Uint8Array, role?: 'filesystem') => readTarIndex(bytesSource(bytes), { role });
const ids = (result: { diagnostics: readonly { id: string }[] }) => result.diagnostics.map(({ id }) => id);

async function textOf(result: Awaited<ReturnType<typeof index>>, name: string): Promise<string> {
  return Buffer.from(await readAll(result.open(name), { limit: 1 << 20 })).toString();
}

test('entries are found by name with their bodies', async () => {
  const result = await index(
    tarOf(entry('./checkpoint/', '', { type: '5' }), entry('./checkpoint/a.img', 'one'), entry('b', 'two')),
  );
  assert.deepEqual([...result.entries.keys()], ['checkpoint', 'checkpoint/a.img', 'b']);
  assert.equal(await textOf(result, 'checkpoint/a.img'), 'one');
  assert.equal(await textOf(result, 'b'), 'two');
  assert.equal(result.fault, undefined);
  assert.deepEqual(result.diagnostics, []);
});

test('what follows the end mark is not looked at', async () => {
  const archive = tarOf(entry('a', '1'));
  const result = await index(Buffer.concat([archive, entry('ghost', 'x'), Buffer.from('left over')]));
  assert.deepEqual([...result.entries.keys()], ['a']);
  assert.equal(result.endOffset, archive.length);
  assert.equal(result.fault, undefined);
});

test('pax records rename and resize the next entry only', async () => {
  const long = `checkpoint/${'n'.repeat(300)}`;
  const records = { path: long, size: '3', mtime: '1700000000.25', comment: 'ignored', 'SCHILY.xattr.user.a': 'b' };
  const result = await index(tarOf(pax(records), entry('short', 'abc', { claim: 0n }), entry('next', 'xyz')));
  assert.equal(await textOf(result, long), 'abc');
  assert.equal(result.entries.get(long)?.mtime, 1700000000.25);
  assert.equal(await textOf(result, 'next'), 'xyz');
});

test('a global header may not rename what comes after it', async () => {
  const result = await index(
    tarOf(pax({ path: 'evil', comment: 'filler', mtime: '5' }, 'g'), entry('a', '1'), entry('b', '2')),
  );
  assert.deepEqual([...result.entries.keys()], ['a', 'b']);
  assert.equal(result.entries.get('b')?.mtime, 5);
  assert.deepEqual(ids(result), ['tar-pax-global-ignored']);
});

test('GNU long names and long links are read', async () => {
  const name = `dir/${'x'.repeat(200)}`;
  const parts = [
    gnuLong(name),
    entry('cut', 'body', { dialect: 'gnu' }),
    gnuLong('t'.repeat(150), 'K'),
    entry('l', '', { type: '2' }),
  ];
  const result = await index(tarOf(...parts));
  assert.equal(await textOf(result, name), 'body');
  assert.equal(result.entries.get('l')?.linkName, 't'.repeat(150));
});

test('a base-256 size is a size', async () => {
  const header = encodeTarHeader({ name: 'big', size: 5n, type: '0' });
  // The same number in base-256: top bit set, value in the last byte.
  header.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], 124);
  header.fill(0x20, 148, 156);
  header.set(
    Buffer.from(
      `${header
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
    ),
    148,
  );
  const result = await index(Buffer.concat([header, Buffer.from('12345'), Buffer.alloc(507), endMark]));
  assert.equal(await textOf(result, 'big'), '12345');
});

test('a 4 GiB archive is indexed by reading less than a hundredth of it', async () => {
  const GiB = 2 ** 30;
  const parts = [
    entry('spec.dump', '{}'),
    ...Array.from({ length: 200 }, (_, i) => entry(`checkpoint/core-${i}.img`, 'c'.repeat(900))),
  ];
  const front = Buffer.concat([
    ...parts,
    encodeTarHeader({ name: 'checkpoint/pages-1.img', size: BigInt(4 * GiB), type: '0' }),
  ]);
  const back = tarOf(entry('rootfs-diff.tar', 'd'.repeat(4096)));
  let read = 0;
  let reads = 0;
  const source: ByteSource = {
    size: front.length + 4 * GiB + back.length,
    async readInto(offset, target) {
      reads += 1;
      const length = Math.min(target.length, this.size - offset);
      read += length;
      target.fill(0);
      for (const [start, bytes] of [
        [0, front],
        [front.length + 4 * GiB, back],
      ] as const) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + bytes.length);
        if (from < to) target.set(bytes.subarray(from - start, to - start), from - offset);
      }
      return length;
    },
  };
  const result = await readTarIndex(source);
  assert.equal(result.fault, undefined);
  assert.equal(result.entries.size, 203);
  assert.equal(result.entries.get('checkpoint/pages-1.img')?.size, 4 * GiB);
  assert.ok(read < source.size / 1000, `${read} bytes read`);
  assert.ok(reads < 20, `${reads} reads`);
});

test('names that would leave the archive are left out, with a diagnostic each', async () => {
  const names = ['/etc/passwd', '../up', 'a/../../b', 'checkpoint/..'];
  const result = await index(
    tarOf(...names.map((name) => entry(name, 'x')), pax({ path: 'a\0b' }), entry('nul', 'x'), entry('.\\ok', 'y')),
  );
  assert.deepEqual([...result.entries.keys()], ['.\\ok']);
  assert.deepEqual(ids(result), Array(5).fill('tar-name-unsafe'));
});

test('links and devices are listed and never opened, in circles too', async () => {
  const link = (name: string, linkName: string, type: string) => entry(name, '', { type, linkName });
  const result = await index(
    tarOf(link('a', 'b', '2'), link('b', 'a', '2'), link('c', 'c', '1'), link('d', '', '3'), link('p', '', '6')),
  );
  assert.deepEqual(
    [...result.entries.values()].map(({ kind }) => kind),
    ['symlink', 'symlink', 'link', 'device', 'fifo'],
  );
  assert.deepEqual(ids(result), Array(5).fill('tar-entry-not-file'));
  for (const name of result.entries.keys())
    assert.throws(() => result.open(name), { code: 'ERR_ARCHIVE_ENTRY_REFUSED' });
  assert.throws(() => result.open('nothing'), { code: 'ERR_ARCHIVE_ENTRY_MISSING' });
});

test('in a filesystem tree links are nothing to remark on', async () => {
  const result = await index(tarOf(entry('bin/sh', '', { type: '2', linkName: '/bin/busybox' })), 'filesystem');
  assert.deepEqual(result.diagnostics, []);
  assert.equal(result.entries.get('bin/sh')?.linkName, '/bin/busybox');
});

test('of two entries with one name the last counts', async () => {
  const result = await index(tarOf(entry('spec.dump', 'first'), entry('./spec.dump', 'second')));
  assert.equal(await textOf(result, 'spec.dump'), 'second');
  assert.deepEqual(ids(result), ['tar-entry-duplicate']);
});

test('sparse files are listed as unsupported, and what follows them is still found', async () => {
  const old = encodeTarHeader({ name: 'sparse', size: 512n, type: 'S', dialect: 'gnu' });
  old[482] = 1;
  old.fill(0x20, 148, 156);
  old.set(
    Buffer.from(
      `${old
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
    ),
    148,
  );
  const modern = [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'holes' }), entry('GNUSparseFile.1/holes', 'map')];
  const result = await index(
    tarOf(Buffer.concat([old, Buffer.alloc(512), Buffer.alloc(512, 1)]), ...modern, entry('after', 'ok')),
  );
  assert.equal(result.entries.get('sparse')?.kind, 'sparse');
  assert.equal(result.entries.get('holes')?.kind, 'sparse');
  assert.equal(await textOf(result, 'after'), 'ok');
  assert.throws(() => result.open('holes'), { code: 'ERR_ARCHIVE_ENTRY_REFUSED' });
});

test('impossible sizes end the index without an allocation', async () => {
  const first = entry('sound', 'x');
  for (const [part, fault] of [
    [entry('a', '', { claim: 2n ** 63n }), 'truncated'],
    [entry('a', '', { claim: 2n ** 80n }), 'truncated'],
    [entry('a', '', { claim: -1n }), 'damaged'],
    [Buffer.concat([pax({ size: '9223372036854775808' }), entry('a')]), 'truncated'],
    [Buffer.concat([pax({ size: '-1' }), entry('a')]), 'damaged'],
    [Buffer.concat([pax({ size: '1e9' }), entry('a')]), 'damaged'],
    [entry('x', '', { type: 'x', claim: 2n ** 40n }), 'damaged'],
    [entry('L', '', { type: 'L', claim: BigInt(limits.tarExtension) + 1n }), 'damaged'],
    [entry('x', '', { type: 'x', claim: 4096n }), 'truncated'],
  ] as const) {
    const result = await index(tarOf(first, part));
    assert.equal(result.fault, fault);
    assert.equal(await textOf(result, 'sound'), 'x');
  }
});

test('a folder that claims a body has none, as the engines read it', async () => {
  const result = await index(tarOf(entry('d/', '', { type: '5', claim: 512n }), entry('next', 'here')));
  assert.equal(await textOf(result, 'next'), 'here');
  assert.deepEqual(ids(result), ['tar-size-ignored']);
});

test('more entries than the limit are refused', async () => {
  const many = tarOf(...Array.from({ length: 11 }, (_, i) => entry(`e${i}`)));
  assert.equal((await readTarIndex(bytesSource(many), { entryLimit: 11 })).entries.size, 11);
  await assert.rejects(readTarIndex(bytesSource(many), { entryLimit: 10 }), { code: 'ERR_ARCHIVE_LIMIT_EXCEEDED' });
});

test('an aborted signal ends the reading', async () => {
  await assert.rejects(readTarIndex(bytesSource(tarOf(entry('a'))), { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
});

test('cut at, before or after every block, an archive is whole or truncated, never anything else', async () => {
  const bytes = await readFile(new URL('../../fixtures/containerd-counter.tar', import.meta.url));
  const whole = await index(bytes);
  for (let at = 512; at < whole.endOffset; at += 512) {
    for (const end of [at - 1, at, at + 1]) {
      const result = await index(bytes.subarray(0, end));
      // One zero block at the very end is taken for an end mark.
      const ended = end >= whole.endOffset - 512;
      assert.equal(result.fault, ended ? undefined : 'truncated', `cut at ${end}`);
      assert.ok(result.entries.size <= whole.entries.size);
    }
  }
});

test('500 archives with bits flipped give an index or a fault, quickly', async () => {
  const bytes = await readFile(new URL('../../fixtures/crio-counter.tar', import.meta.url));
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  for (let round = 0; round < 500; round += 1) {
    const flipped = Buffer.from(bytes);
    for (let i = 0; i <= round % 8; i += 1) {
      // Half of the flips hit a header, where they hurt.
      const at = i % 2 === 0 ? random(bytes.length) : Math.floor(random(bytes.length) / 512) * 512;
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
    }
    const result = await index(flipped);
    assert.ok(result.fault === undefined || result.diagnostics.length > 0);
  }
});
