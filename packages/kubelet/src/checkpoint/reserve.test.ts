import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { reserveArchive, sweepReservations } from './reserve.ts';

const ADDRESS = { kubeNamespace: 'default', pod: 'p', container: 'c' };
const NEVER = new AbortController().signal;

test('a name is one’s own until it is given back', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  {
    await using one = await reserveArchive(folder.path, ADDRESS, NEVER);
    await using two = await reserveArchive(folder.path, ADDRESS, NEVER);
    assert.notEqual(one.path, two.path);
    assert.equal((await readdir(folder.path)).length, 2);
    await sweepReservations(folder.path);
    assert.equal((await readdir(folder.path)).length, 2, 'whose owner lives');
  }
  assert.deepEqual(await readdir(folder.path), []);
});

test('what processes left that are no more is swept, and nothing else', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { pid } = spawnSync('true');
  const own = await readlink('/proc/self/ns/pid').catch(() => 'none');
  const at = (name: string) => join(folder.path, name);
  await writeFile(at('.reserved-dead'), `${pid} ${own}`);
  await writeFile(at('.reserved-elsewhere'), `${pid} pid:[1]`);
  await writeFile(at('.reserved-alive'), `${process.pid} ${own}`);
  await writeFile(at('.reserved-half'), '');
  await writeFile(at('.reserved-old'), `${process.pid} ${own}`);
  await utimes(at('.reserved-old'), 0, 0);
  await writeFile(at('checkpoint.tar'), `${pid} ${own}`);
  await sweepReservations(folder.path);
  const left = ['.reserved-alive', '.reserved-elsewhere', '.reserved-half', 'checkpoint.tar'];
  const expected = own === 'none' ? ['.reserved-dead', ...left] : left;
  assert.deepEqual((await readdir(folder.path)).map((name) => basename(name)).sort(), expected.sort());
});
