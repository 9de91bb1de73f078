import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { UndoStack } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { needs } from '@stillframe/testkit';
import { demand } from '../process/run.ts';
import { endResidents, residentsOf } from './residents.ts';

test('processes of a kept network namespace are found and ended, and no others', needs('root'), async () => {
  await using undo = new UndoStack({ deadline: 30_000 });
  const folder = await openTemporaryFolder('/tmp', 'residents');
  undo.push('folder', () => folder[Symbol.asyncDispose]());
  const file = join(folder.path, 'net');
  assert.deepEqual(await residentsOf(file), [], 'no file, no residents');
  await writeFile(file, '');
  assert.deepEqual(await residentsOf(file), [], 'a plain file is no namespace');
  await demand(['unshare', `--net=${file}`, 'true'], { timeout: 10_000 });
  undo.push('namespace', async () => void (await demand(['umount', file], { timeout: 10_000 })));

  const stubborn = 'trap "" TERM; echo ready; while :; do sleep 1; done';
  const argv = [`--net=${file}`, '--', 'sh', '-c', stubborn];
  const inside = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'ignore'] });
  const outside = spawn('sh', ['-c', stubborn], { stdio: ['ignore', 'pipe', 'ignore'] });
  undo.push('process outside', async () => void outside.kill('SIGKILL'));
  await Promise.all([inside, outside].map(({ stdout }) => once(stdout, 'data')));
  const pids = (await residentsOf(file)).map(({ pid }) => pid);
  assert.ok(pids.includes(inside.pid ?? 0) && !pids.includes(outside.pid ?? 0), String(pids));
  const ended = once(inside, 'exit');
  await endResidents(file);
  assert.equal((await ended)[1], 'SIGKILL', 'one that does not end when asked is killed');
  assert.deepEqual(await residentsOf(file), []);
  assert.equal(outside.exitCode ?? outside.signalCode, null);
});
