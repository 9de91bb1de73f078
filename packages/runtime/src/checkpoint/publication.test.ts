import assert from 'node:assert/strict';
import { link, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import type { NodeContext } from '../context.ts';
import type { CheckpointOperation, Noted, Publication } from '../store/operation-journal.ts';
import { completePublication, publishAll } from './publication.ts';

const NAMES = ['one.tar', 'one.tar.evidence.json', 'pod.options'];

/** Finished files in a work folder, and a node that knows no containers. */
async function prepared() {
  const folder = await openTemporaryFolder(tmpdir());
  const [work, out] = [join(folder.path, 'work'), join(folder.path, 'out')];
  for (const path of [work, out]) await mkdir(path);
  for (const name of NAMES) await writeFile(join(work, name), `ours: ${name}`);
  const files = NAMES.map((name) => ({ from: join(work, name), to: join(out, name) }));
  const publication: Publication = { files, captured: [], ending: [] };
  const steps: string[] = [];
  const onStep = (step: string) => void steps.push(step);
  const context = { logger: silentLogger, onStep } as unknown as NodeContext;
  const notes: (Publication | undefined)[] = [];
  const add = async (more: { publication?: Publication }) => void notes.push(more.publication);
  const operation = { add } as unknown as Noted<CheckpointOperation>;
  const demandWhole = async () => {
    assert.deepEqual((await readdir(out)).sort(), NAMES);
    for (const name of NAMES) assert.equal(await readFile(join(out, name), 'utf8'), `ours: ${name}`);
    assert.deepEqual(await readdir(work), []);
  };
  return { folder, work, out, publication, context, steps, notes, operation, demandWhole };
}

test('all files get their names once that is noted', async () => {
  const { folder, publication, context, operation, notes, steps, demandWhole } = await prepared();
  await using _folder = folder;
  await publishAll(context, operation, publication);
  await demandWhole();
  assert.deepEqual(notes, [publication]);
  assert.equal(steps[0], 'checkpoint-committed', 'the note is there before the first name');
});

test('a name that is taken leaves none of ours, the note withdrawn before, and the stranger’s file as it was', async () => {
  const { folder, out, publication, context, operation, notes } = await prepared();
  await using _folder = folder;
  await writeFile(join(out, 'pod.options'), 'theirs');
  await assert.rejects(publishAll(context, operation, publication), { code: 'ERR_CHECKPOINT_EXISTS' });
  assert.deepEqual(await readdir(out), ['pod.options']);
  assert.equal(await readFile(join(out, 'pod.options'), 'utf8'), 'theirs');
  assert.deepEqual(notes, [publication, undefined]);
});

test('a node that was killed after any number of names is completed, as often as it takes', async () => {
  for (let named = 0; named <= NAMES.length; named += 1) {
    const { folder, publication, context, demandWhole } = await prepared();
    await using _folder = folder;
    for (const { from, to } of publication.files.slice(0, named)) await rename(from, to);
    for (let time = 0; time < 2; time += 1) await completePublication(context, publication);
    await demandWhole();
  }
});

test('one that was killed between giving a name and taking the temporary one away is completed, too', async () => {
  const { folder, publication, context, demandWhole } = await prepared();
  await using _folder = folder;
  const [first] = publication.files;
  await link(first?.from ?? '', first?.to ?? '');
  await completePublication(context, publication);
  await demandWhole();
});

test('where somebody took a name meanwhile, what was named before is taken back', async () => {
  const { folder, out, publication, context } = await prepared();
  await using _folder = folder;
  const [first] = publication.files;
  await rename(first?.from ?? '', first?.to ?? '');
  await writeFile(join(out, 'pod.options'), 'theirs');
  await assert.rejects(completePublication(context, publication), { code: 'ERR_CHECKPOINT_EXISTS' });
  assert.deepEqual(await readdir(out), ['pod.options']);
  assert.equal(await readFile(join(out, 'pod.options'), 'utf8'), 'theirs');
});
