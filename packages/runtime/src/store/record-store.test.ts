import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { LogFields } from '@stillframe/core';
import { openTemporaryFolder, TEMPORARY_PREFIX } from '@stillframe/core/file';
import { type CheckpointOperation, OperationJournal } from './operation-journal.ts';
import { RecordStore, type StoredRecord } from './record-store.ts';

interface Named extends StoredRecord {
  name: string;
}

const id = (digit: string) => digit.repeat(64);

test('records are there again when the folder is opened anew', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const store = await RecordStore.open<Named>(folder.path);
  await store.put({ id: id('a'), name: 'one' });
  await store.put({ id: id('b'), name: 'two' });
  await store.put({ id: id('a'), name: 'one, changed' });
  await store.delete(id('b'));
  await store.delete(id('c'));
  const again = await RecordStore.open<Named>(folder.path);
  assert.deepEqual(again.list(), [{ id: id('a'), name: 'one, changed' }]);
  assert.deepEqual(again.get(id('a')), store.get(id('a')));
  assert.equal((await stat(join(folder.path, `${id('a')}.json`))).mode & 0o777, 0o600);
});

test('a damaged record is told and left where it is; the others are read', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await (await RecordStore.open<Named>(folder.path)).put({ id: id('a'), name: 'sound' });
  const damaged = { empty: '', half: '{"id":"ha', nothing: 'null', stranger: '{"id":"other"}', list: '[]' };
  for (const [name, text] of Object.entries(damaged)) await writeFile(join(folder.path, `${name}.json`), text);
  await mkdir(join(folder.path, 'folder.json'));
  await writeFile(join(folder.path, 'note.txt'), 'no record');
  const told: LogFields[] = [];
  const log = (_level: string, _message: string, fields: LogFields = {}) => void told.push(fields);
  const store = await RecordStore.open<Named>(folder.path, { log });
  assert.deepEqual(
    store.list().map(({ name }) => name),
    ['sound'],
  );
  assert.equal(told.length, 6);
  for (const [name, text] of Object.entries(damaged))
    assert.equal(await readFile(join(folder.path, `${name}.json`), 'utf8'), text);
});

test('what an interrupted write left is swept', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await writeFile(join(folder.path, `${TEMPORARY_PREFIX}${id('a')}.json.0011223344ff`), '{"id"');
  assert.deepEqual((await RecordStore.open(folder.path)).list(), []);
  assert.deepEqual(await readdir(folder.path), []);
});

test('a record is found by its id or a prefix that only it has', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const store = await RecordStore.open<Named>(folder.path);
  for (const some of ['abcd', 'abce', 'ab', 'f']) await store.put({ id: some, name: some });
  assert.equal(store.find('abcd')?.name, 'abcd');
  assert.equal(store.find('f')?.name, 'f');
  assert.equal(store.find('ab')?.name, 'ab', 'exact before prefix');
  assert.equal(store.find('abc'), undefined, 'two have it');
  assert.equal(store.find('x'), undefined);
  assert.equal(store.find(''), undefined, 'nothing is no prefix of all');
});

test('the journal holds an operation until it is over', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const journal = new OperationJournal(await RecordStore.open(folder.path));
  {
    await using operation = await journal.begin<CheckpointOperation>({
      kind: 'checkpoint',
      containerIDs: [id('a')],
      workFolder: '/w',
    });
    const publication = { files: [{ from: '/w/a', to: '/a' }], captured: [], ending: [] };
    await operation.add({ publication });
    const [noted] = new OperationJournal(await RecordStore.open(folder.path)).list();
    const { id: _id, ...facts } = noted ?? assert.fail('it is not there');
    assert.deepEqual(facts, { kind: 'checkpoint', containerIDs: [id('a')], workFolder: '/w', publication });
  }
  assert.deepEqual(journal.list(), []);
  assert.deepEqual(await readdir(folder.path), []);
});
