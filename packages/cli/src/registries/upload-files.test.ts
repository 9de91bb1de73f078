import assert from 'node:assert/strict';
import { readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { UploadKey, UploadLedger } from '@stillframe/oci';
import { fileLedger } from './upload-files.ts';

const key: UploadKey = { registry: 'r.example', repository: 'a/b', digest: `sha256:${'0'.repeat(64)}`, size: 100 };
const place = { url: 'https://r.example/upload?_state=secret', offset: 40 };

async function withLedger(use: (ledger: UploadLedger, folder: string) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir(), 'uploads');
  const ledger = fileLedger({ XDG_STATE_HOME: folder.path });
  assert.ok(ledger);
  await use(ledger, join(folder.path, 'stillframe', 'uploads'));
}

/** What a process leaves that is killed. */
async function orphan(ledger: UploadLedger, folder: string, at = place): Promise<void> {
  await (await ledger.open(key))?.keep(at);
  for (const name of await readdir(folder)) {
    const [own, , end] = name.split('.');
    await rename(join(folder, name), join(folder, `${own}.4194305-1-${at.offset}.${end}`));
  }
}

test('what a process that is gone has left is found once, and by others not', () =>
  withLedger(async (ledger, folder) => {
    await orphan(ledger, folder);
    const other = await ledger.open({ ...key, repository: 'a/c' });
    assert.equal(other?.left, undefined);
    const found = await Promise.all([ledger.open(key), ledger.open(key), ledger.open(key)]);
    assert.deepEqual(found.map((note) => note?.left).filter(Boolean), [place]);
    // Its holder lives.
    assert.equal((await ledger.open(key))?.left, undefined);
    for (const note of found) await note?.forget();
    assert.deepEqual(await readdir(folder), []);
  }));

test('a note is for its user alone', () =>
  withLedger(async (ledger, folder) => {
    await (await ledger.open(key))?.keep(place);
    const [name = ''] = await readdir(folder);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(await readFile(join(folder, name), 'utf8')), {
      kind: 'Upload',
      schemaVersion: 1,
      ...key,
      ...place,
    });
  }));

test('the newest of several is taken, and what is old goes away', () =>
  withLedger(async (ledger, folder) => {
    await orphan(ledger, folder, { ...place, offset: 10 });
    const [name = ''] = await readdir(folder);
    const longAgo = new Date(Date.now() - 8 * 24 * 3600_000);
    await utimes(join(folder, name), longAgo, longAgo);
    assert.equal((await ledger.open(key))?.left, undefined);
    assert.deepEqual(await readdir(folder), []);
  }));

for (const [what, text] of [
  ['no JSON', '{'],
  ['null', 'null'],
  ['of another blob', JSON.stringify({ kind: 'Upload', schemaVersion: 1, ...key, size: 101, ...place })],
  ['beyond its blob', JSON.stringify({ kind: 'Upload', schemaVersion: 1, ...key, ...place, offset: 101 })],
] as const) {
  test(`a note that is ${what} is none`, () =>
    withLedger(async (ledger, folder) => {
      await orphan(ledger, folder);
      const [name = ''] = await readdir(folder);
      await writeFile(join(folder, name), text);
      assert.equal((await ledger.open(key))?.left, undefined);
    }));
}

test('where nothing can be noted, or nothing says where, nothing is', async () => {
  assert.equal(fileLedger({}), undefined);
  await using folder = await openTemporaryFolder(tmpdir(), 'uploads');
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  assert.equal(await fileLedger({ XDG_STATE_HOME: file })?.open(key), undefined);
});
