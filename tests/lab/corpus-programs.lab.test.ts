/**
 * Dumps of real programs: every image is decoded and encoded to the same bytes and is the JSON of crit 4.2, and values that
 * the programs have in memory are found again.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readProcesses } from '@stillframe/checkpoint';
import { type Capability, leftBehind, needs, takeCensus } from '@stillframe/testkit';
import { readPlaces } from './corpus.ts';
import { dumpNode, dumpPython, dumpRedis, programValue } from './corpus-programs.ts';
import { demandJsonOfCrit, demandListsOfCrit, demandRoundTrip, type OpenedSet, openSet } from './image-equality.ts';
import type { DumpedContainer } from './runc-dump.ts';
import { findText, takeOut } from './taken-out.ts';

interface Dumped {
  container: DumpedContainer;
  set: OpenedSet;
  folder: string;
}

/** A suite over one dump, with what every dump is held against; `more`: what this one is held against besides. */
function suite(
  name: string,
  capabilities: readonly Capability[],
  dump: (folder: string) => Promise<DumpedContainer>,
  more: (dumped: () => Dumped) => void,
): void {
  describe(name, needs('checkpoint', 'crit', ...capabilities), () => {
    let root: string;
    let dumped: Dumped;
    before(async () => {
      const census = await takeCensus();
      root = await mkdtemp('/var/tmp/stillframe-programs-');
      const container = await dump(root);
      dumped = { container, set: await openSet(container.images), folder: root };
      assert.deepEqual(await leftBehind(census, basename(root)), [], 'something was left behind');
    });
    after(() => rm(root, { recursive: true, force: true }));

    test('every image is decoded without a fault, and encoded to the bytes that CRIU wrote', () =>
      demandRoundTrip(dumped.set));
    test('an image of each kind is the JSON of crit, and that JSON is the image again', () =>
      demandJsonOfCrit(dumped.set, { ofEachKind: 1 }));
    test('processes, files and memory are listed as crit lists them', () => demandListsOfCrit(dumped.set));
    more(() => dumped);
  });
}

/** The processes in whose memory a text stands. */
async function processesWith(text: string, { container }: Dumped): Promise<readonly (string | undefined)[]> {
  return [...new Set((await findText(container.images, text)).map(({ comm }) => comm))];
}

suite('a dump of redis', ['redis'], dumpRedis, (dumped) => {
  test('the value of a key is found in the server and nowhere else', async () => {
    assert.deepEqual(await processesWith(programValue('redis'), dumped()), ['redis-server']);
  });

  test('the connection of the client is found at both of its ends', async () => {
    const { files } = await takeOut(dumped().container.images, join(dumped().folder, 'out'));
    const ends = files.filter(({ kind, part }) => kind === 'tcp' && part === 'received').map(({ name }) => name ?? '');
    assert.equal(ends.length, 2);
    assert.equal(ends[0], ends[1]?.split(' → ').reverse().join(' → '));
    assert.ok(ends.some((name) => name.startsWith('127.0.0.1:6379 → ')));
  });
});

suite('a dump of Node.js', [], dumpNode, (dumped) => {
  test('a string and a buffer are found in its memory', async () => {
    for (const thing of ['node-string', 'node-buffer']) {
      assert.equal((await processesWith(programValue(thing), dumped())).length, 1, thing);
    }
  });
});

suite('a dump of python3', ['python3'], dumpPython, (dumped) => {
  test('a bytes object is found at the address that it had', async () => {
    const { pid, address } = (await readPlaces(dumped().container.tree)).get('python-bytes') ?? assert.fail();
    const found = await findText(dumped().container.images, programValue('python-bytes'));
    assert.ok(found.some((match) => match.pid === pid && BigInt(match.address) === address));
  });

  test('its threads have the names that it gave them', async () => {
    const [process] = await readProcesses(dumped().set.images);
    const names = process?.threads.map(({ comm }) => comm).sort();
    assert.deepEqual(names, ['corpus-py-1', 'corpus-py-2', 'python3']);
  });
});
