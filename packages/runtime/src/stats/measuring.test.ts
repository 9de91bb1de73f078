import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CpuRates } from './cpu-rate.ts';
import { FolderSizes } from './folder-size.ts';
import { metricDescriptors } from './metrics.ts';

const SECOND = 1_000_000_000n;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stillframe-size-'));
});
after(() => rm(folder, { recursive: true, force: true }));

test('a rate needs two samples that are apart; a closer one repeats the rate', () => {
  const rates = new CpuRates();
  assert.equal(rates.note('a', 0n, 0n), undefined);
  assert.equal(rates.note('a', SECOND / 100n, 5n), undefined, 'too close');
  assert.equal(rates.note('a', 2n * SECOND, SECOND), SECOND / 2n);
  assert.equal(rates.note('a', 2n * SECOND + 1n, 9n * SECOND), SECOND / 2n);
  assert.equal(rates.note('b', 2n * SECOND, SECOND), undefined, 'another container');
});

test('a counter that went back, or was last seen long ago, begins anew', () => {
  const rates = new CpuRates();
  rates.note('a', 0n, 100n);
  assert.equal(rates.note('a', SECOND, 50n), undefined);
  assert.equal(rates.note('a', 500n * SECOND, 60n), undefined);
  rates.keep(() => false);
  assert.equal(rates.note('a', 501n * SECOND, 70n), undefined, 'forgotten');
});

test('a folder is measured with what is below it, hard links once, links not followed', async () => {
  await mkdir(join(folder, 'deep'));
  await writeFile(join(folder, 'deep/file'), Buffer.alloc(100_000, 1));
  await link(join(folder, 'deep/file'), join(folder, 'again'));
  await symlink('/usr', join(folder, 'away'));
  const sizes = new FolderSizes();
  const first = await sizes.of(folder);
  assert.equal(first.inodes, 3n);
  assert.ok(first.bytes >= 98_304n && first.bytes < 200_000n, String(first.bytes));
  await writeFile(join(folder, 'more'), '');
  assert.equal((await sizes.of(folder)).inodes, 3n, 'remembered for a while');
  assert.equal((await new FolderSizes().of(folder)).inodes, 4n);
});

test('a folder that is not there is empty', async () => {
  const { bytes, inodes } = await new FolderSizes().of(join(folder, 'none'));
  assert.deepEqual([bytes, inodes], [0n, 0n]);
});

test('every metric has a name of its own, a help text and the shared labels first', () => {
  const all = metricDescriptors();
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name, help, labels } of all) {
    assert.match(name, /^container_[a-z_]+$/);
    assert.notEqual(help, '');
    assert.deepEqual(labels.slice(0, 2), ['id', 'name']);
  }
});
