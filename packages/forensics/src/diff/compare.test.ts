import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { withPlanted } from './changed-archive.fixture.ts';
import { compareCheckpoints } from './compare.ts';
import { searchChanged } from './search-changed.ts';

const ARCHIVES = ['podman-redis', 'podman-counter', 'crio-counter', 'containerd-counter', 'open-files'];
const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const own = (name: string) => fileURLToPath(new URL(`../../fixtures/${name}.tar.zst`, import.meta.url));

for (const name of ARCHIVES) {
  for (const sibling of [false, true]) {
    test(`${name} differs in nothing from itself${sibling ? ' as a sibling' : ''}`, async () => {
      await using before = await openCheckpoint(fixture(name));
      await using after = await openCheckpoint(fixture(name));
      const diff = await compareCheckpoints(before, after, { sibling, rules: true });
      assert.deepEqual([...diff.rows()], []);
      assert.deepEqual(diff.pages?.pages, { changed: 0, written: 0, dropped: 0, added: 0 });
    });
  }
}

test('pages of one file are the same without being read', async () => {
  await using before = await openCheckpoint(fixture('podman-redis'));
  await using after = await openCheckpoint(fixture('podman-redis'));
  const { pages } = await compareCheckpoints(before, after);
  assert.ok(pages && pages.totals.same > 1 << 20);
  assert.equal(pages.totals.inherited, pages.totals.same);
});

test('a compromised container beside its clean sibling: what came is told, what both have is not', async () => {
  await using before = await openCheckpoint(own('clean'));
  await using after = await openCheckpoint(own('compromised'));
  const diff = await compareCheckpoints(before, after, { sibling: true });
  const rows = [...diff.rows()];
  const labels = (table: string, change: string) =>
    rows.filter((row) => row.table === table && row.change === change).map(({ label }) => label);
  const started = labels('processes', 'added').map((label) => label.replace(/process \d+ /, ''));
  for (const name of ['kworker', 'xmrig', 'memfd:kaudit']) assert.ok(started.includes(`(${name})`), name);
  assert.ok(labels('sockets', 'added').includes('tcp 0.0.0.0:4444 listen'));
  for (const path of ['/etc/ld.so.preload', '/etc/cron.d/sync', '/tmp/.x/a'])
    assert.ok(labels('rootfs', 'added').includes(path), path);
  assert.deepEqual(labels('processes', 'removed'), []);
  assert.deepEqual(labels('processes', 'changed'), [], 'the service itself is the same in both');
  assert.ok(labels('findings', 'added').length > 10);
  // What both have is said of other numbers: of which ports it listens on, say.
  assert.ok(labels('findings', 'removed').length <= 2, labels('findings', 'removed').join('\n'));
});

test('siblings the other way round: what came goes', async () => {
  const count = async (from: Checkpoint, to: Checkpoint) => {
    const { summary } = await compareCheckpoints(from, to, { sibling: true, memory: false });
    return summary.processes;
  };
  await using clean = await openCheckpoint(own('clean'));
  await using bad = await openCheckpoint(own('compromised'));
  const [there, back] = [await count(clean, bad), await count(bad, clean)];
  assert.deepEqual([there.added, there.removed], [back.removed, back.added]);
});

test('one page that was written to is the only difference, and what was written is found in it', async () => {
  const { before, after, planted } = await withPlanted(fixture('podman-redis'), 'planted by a test');
  await using _before = before;
  await using _after = after;
  const diff = await compareCheckpoints(before, after);
  const rows = [...diff.rows()];
  assert.deepEqual(
    rows.map(({ table, change, references }) => ({ table, change, after: references.after })),
    [{ table: 'pages', change: 'changed', after: { kind: 'memory', ...planted, bytes: 4096 } }],
  );
  assert.equal(diff.pages?.totals.inherited, 0, 'nothing tells that two sources of bytes are alike');
  assert.ok(diff.changed);
  const pattern = { kind: 'literal', bytes: Buffer.from('planted by a test') } as const;
  const found = await Array.fromAsync(searchChanged(after, diff.changed, [{ id: 'planted', pattern }]));
  assert.deepEqual(
    found.map(({ pid, address }) => ({ pid, address })),
    [{ pid: planted.pid, address: planted.address + 100n }],
  );
  const elsewhere = { kind: 'literal', bytes: Buffer.from('PATH=') } as const;
  assert.deepEqual(await Array.fromAsync(searchChanged(after, diff.changed, [{ id: 'path', pattern: elsewhere }])), []);
});

test('what cannot be read of one is not compared, and no difference', async () => {
  const bytes = await readFile(fixture('podman-redis'));
  await using before = await openCheckpoint(bytesSource(bytes));
  const half = bytes.subarray(0, 100_000);
  await using after = await openCheckpoint(bytesSource(half), { partial: true });
  const { summary, notCompared } = await compareCheckpoints(before, after);
  assert.deepEqual(summary.mappings, { added: 0, removed: 0, changed: 0 });
  assert.deepEqual([summary.mounts.removed, summary.processes.removed, summary.files.removed], [0, 0, 0]);
  assert.ok(notCompared.some(({ table, reason }) => table === 'mappings' && reason === 'not to be read after'));
});
