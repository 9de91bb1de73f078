import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesSource, readAll } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { carriedEntries, withBodies } from './carried-entries.ts';
import { openArchive } from './open.ts';
import { entry, tarOf } from './tar.fixture.ts';
import { type TarSourceEntry, tarSource } from './tar-source.ts';
import { writeArchive } from './writer.ts';

const mtime = 1_700_000_000;
const wholeOf = async (entries: readonly TarSourceEntry[]) =>
  Buffer.from(await readAll(tarSource(entries, { mtime }), { limit: 1 << 22 }));

test('it has the bytes that writeArchive writes', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  let run = 0;
  const name = fc.string({ unit: fc.constantFrom(...'abä日/'), minLength: 1, maxLength: 150 });
  const made = fc.record({ name, bytes: fc.uint8Array({ maxLength: 1500 }), held: fc.boolean(), mode: fc.nat(0o777) });
  await fc.assert(
    fc.asyncProperty(fc.array(made, { maxLength: 8 }), async (some) => {
      const entries = some.map(({ name, bytes, held, mode }) => ({
        ...{ name, mode },
        body: name.endsWith('/') ? undefined : held ? bytes : bytesSource(bytes),
      }));
      const path = join(folder.path, String(run++));
      await writeArchive(path, entries, { mtime });
      assert.deepEqual(await wholeOf(entries), await readFile(path));
    }),
    { numRuns: 50 },
  );
});

test('an archive is taken over with names, order and permissions, and other content where there is some', async () => {
  await using archive = await openArchive(
    bytesSource(tarOf(entry('b/', '', { type: '5' }), entry('b/one', 'old'), entry('a', 'kept', { mode: 0o640 }))),
  );
  const entries = withBodies(carriedEntries(archive), new Map([['b/one', bytesSource(Buffer.from('new one'))]]));
  await using again = await openArchive(bytesSource(await wholeOf(entries)));
  assert.deepEqual([...again.entries.keys()], ['b', 'b/one', 'a']);
  const text = async (name: string) => Buffer.from(await readAll(again.open(name), { limit: 100 })).toString();
  assert.deepEqual([await text('b/one'), await text('a')], ['new one', 'kept']);
  assert.equal(again.entries.get('a')?.mode, 0o640);
});

test('an archive with a link is not taken over: it would be another one without', async () => {
  await using archive = await openArchive(bytesSource(tarOf(entry('parent', '', { type: '2', linkName: '../other' }))));
  assert.throws(() => carriedEntries(archive), { code: 'ERR_CHECKPOINT_CONVERSION', message: /symlink/ });
});
