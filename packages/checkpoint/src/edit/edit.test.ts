import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ByteSource, bytesSource, isCode } from '@stillframe/core';
import { type ImageSet, openImageSet, rewriteImage } from '@stillframe/criu-image';
import { openCheckpoint } from '../checkpoint.ts';
import { readMounts } from '../mount/mounts.ts';
import { readCommandLine } from '../process/command-line.ts';
import { planEnvironment } from './environment.ts';
import { readOnlyMounts } from './mounts.ts';
import { clampTasks, type ImageEdit } from './tasks.ts';

const ARCHIVE = join(import.meta.dirname, '../../fixtures/crio-counter.tar');

/** The image set of the fixture in memory, as a map that a test may change. */
async function imagesOf(): Promise<Map<string, Uint8Array>> {
  await using checkpoint = await openCheckpoint(ARCHIVE);
  const files = new Map<string, Uint8Array>();
  for (const { name } of checkpoint.images.images) {
    const entry = `checkpoint/${name}`;
    if (checkpoint.archive.has(entry)) files.set(name, await wholeOf(checkpoint.archive.open(entry)));
  }
  return files;
}

async function wholeOf(source: ByteSource): Promise<Uint8Array> {
  const bytes = new Uint8Array(source.size);
  await source.readInto(0, bytes);
  return bytes;
}

function setOf(files: ReadonlyMap<string, Uint8Array>): ImageSet {
  return openImageSet({
    names: () => files.keys(),
    open: (name) => {
      const bytes = files.get(name);
      return bytes && bytesSource(bytes);
    },
  });
}

async function changed(files: ReadonlyMap<string, Uint8Array>, edits: AsyncIterable<ImageEdit>) {
  const after = new Map(files);
  const names: string[] = [];
  for await (const { image, bytes } of edits) {
    after.set(image, bytes);
    names.push(image);
  }
  return { after: setOf(after), names };
}

async function environmentOf(images: ImageSet): Promise<readonly string[]> {
  const root = await images.single('pstree');
  const texts = (await readCommandLine(images, root?.pid ?? 0)).environment;
  return texts.state === 'present' ? texts.values : assert.fail(texts.reason);
}

test('a variable changes in the place of the old one; a shorter value leaves nothing of it', async () => {
  const files = await imagesOf();
  const before = await environmentOf(setOf(files));
  const old = before.find((text) => text.startsWith('TOKEN=')) ?? assert.fail('the fixture has a TOKEN');
  const { writes, found } = await planEnvironment(setOf(files), new Map([['TOKEN', 'x']]));
  assert.equal(found.get('TOKEN')?.length, 2, 'the shell and its child');
  for (const { image, offset, bytes } of writes) {
    const copy = files.get(image)?.slice() ?? assert.fail();
    copy.set(bytes, offset);
    files.set(image, copy);
  }
  const after = (await environmentOf(setOf(files))).filter((text) => text !== '');
  assert.deepEqual(
    after,
    before.map((text) => (text === old ? 'TOKEN=x' : text)),
  );
});

test('what does not fit, is not there or is no variable is refused with nothing planned', async () => {
  const images = setOf(await imagesOf());
  const refused = (name: string, value: string, message: RegExp) =>
    assert.rejects(planEnvironment(images, new Map([[name, value]])), (error: Error) => {
      assert.match(error.message, message);
      return isCode(error, 'ERR_EDIT_ENVIRONMENT');
    });
  await refused('TOKEN', 'x'.repeat(5000), /does not fit/);
  await refused('NOBODY', 'x', /no process was started with the variable NOBODY/);
  await refused('', 'x', /no name/);
  await refused('A=B', 'x', /no name/);
  await refused('TOKEN', 'a\0b', /NUL/);
});

test('limits and scores above what the host allows are brought down and told; all within stays untouched', async () => {
  const files = await imagesOf();
  const raised = await changed(files, raise(setOf(files)));
  const notes = new Set<string>();
  const hardLimits = [undefined, undefined, undefined, undefined, undefined, undefined, undefined, 20_000n];
  const { after, names } = await changed(files, clampTasks(raised.after, { lowestOomScoreAdj: 0, hardLimits }, notes));
  assert.deepEqual(names, raised.names);
  const root = await after.single('pstree');
  const core = await after.single('core', root?.pid ?? 0);
  assert.equal(core?.tc?.oomScoreAdj, 0);
  assert.deepEqual([core?.tc?.rlimits?.rlimits[7]?.cur, core?.tc?.rlimits?.rlimits[7]?.max], [20_000n, 20_000n]);
  assert.deepEqual([...notes].sort(), [
    'limit NOFILE 1048576: this node may set no more than 20000',
    'oom_score_adj -997: this node may set no less than 0',
  ]);
  const again = await changed(files, clampTasks(after, { lowestOomScoreAdj: 0, hardLimits }, new Set()));
  assert.deepEqual(again.names, []);
});

async function* raise(images: ImageSet): AsyncGenerator<ImageEdit> {
  const root = await images.single('pstree');
  const source = images.source('core', root?.pid ?? 0) ?? assert.fail();
  const bytes = await rewriteImage('core', source, ({ tc }) => {
    const limit = tc?.rlimits?.rlimits[7];
    if (!tc || !limit) return false;
    tc.oomScoreAdj = -997;
    limit.cur = 1_048_576n;
    limit.max = 1_048_576n;
    return true;
  });
  yield { image: `core-${root?.pid}.img`, bytes: bytes ?? assert.fail('nothing raised') };
}

test('capabilities outside of a sandbox’s are lost in every set', async () => {
  const files = await imagesOf();
  const notes = new Set<string>();
  const bounds = { lowestOomScoreAdj: -1000, hardLimits: [], capabilities: 1n };
  const { after, names } = await changed(files, clampTasks(setOf(files), bounds, notes));
  assert.ok(names.length > 0 && notes.size > 0);
  for (const pid of after.ids('core')) {
    const creds = (await after.single('core', pid))?.threadCore?.creds;
    for (const set of [creds?.capEff, creds?.capPrm, creds?.capBnd, creds?.capInh, creds?.capAmb]) {
      assert.ok((set ?? []).every((word, index) => (index === 0 ? word <= 1 : word === 0)));
    }
  }
});

test('only the named mounts from outside become read-only', async () => {
  const files = await imagesOf();
  const mounts = await readMounts(setOf(files));
  const writable = mounts.filter(({ external, flags }) => external && (flags & 1) === 0);
  const target = writable[0]?.mountpoint ?? assert.fail('the fixture has a writable mount from outside');
  const { after } = await changed(files, readOnlyMounts(setOf(files), new Set([target, '/'])));
  assert.deepEqual(
    await readMounts(after),
    mounts.map((mount) =>
      mount.mountpoint === target && mount.external
        ? { ...mount, flags: mount.flags | 1, flagNames: ['ro', ...mount.flagNames.slice(1)] }
        : mount,
    ),
  );
});
