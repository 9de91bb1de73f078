import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { startOf } from './container/status.ts';
import { ownerOf, takeOwnership } from './owner.ts';

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir());
  await work(join(folder.path, 'node.pid'));
}

test('a folder that nobody owns is taken, and free again afterwards', needs('linux'), () =>
  inFolder(async (path) => {
    {
      await using _mine = await takeOwnership(path);
      assert.equal(await readFile(path, 'utf8'), `${process.pid} ${await startOf(process.pid)}\n`);
      assert.equal(await ownerOf(path), process.pid);
    }
    await assert.rejects(stat(path), { code: 'ENOENT' });
    assert.equal(await ownerOf(path), undefined);
  }),
);

test('one that a live process owns is refused, and the pid said', needs('linux'), () =>
  inFolder(async (path) => {
    await writeFile(path, `${process.ppid} ${await startOf(process.ppid)}\n`);
    await assert.rejects(takeOwnership(path), { code: 'ERR_NODE_BUSY', message: new RegExp(`pid ${process.ppid} `) });
    assert.match(await readFile(path, 'utf8'), new RegExp(`^${process.ppid} `));
  }),
);

test('the file of a dead owner is taken over, also where its pid lives on in another process', needs('linux'), () =>
  inFolder(async (path) => {
    for (const stale of [
      `${process.ppid} 1\n`,
      '4194399 77\n',
      '',
      'nonsense',
      `${process.pid}`,
      '1/../self 3',
      '-1 3',
    ]) {
      await writeFile(path, stale);
      assert.equal(await ownerOf(path), undefined, stale);
      await using _mine = await takeOwnership(path);
      assert.equal(await ownerOf(path), process.pid, stale);
    }
  }),
);

test('of many that begin at once one becomes the owner', needs('linux'), () =>
  inFolder(async (path) => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => takeOwnership(path)));
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'ERR_NODE_BUSY');
    }
  }),
);
