import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import { atDesk } from '../desk.fixture.ts';
import { removeRunPods, runPodsFolder } from './pods.ts';

test('what `run -f --cri` made for a pod goes with it, and nothing else', async () => {
  await using root = await openTemporaryFolder(tmpdir());
  const place = { root: root.path };
  const made = async (...path: string[]) => {
    await mkdir(join(runPodsFolder(place), ...path), { recursive: true });
    await writeFile(join(runPodsFolder(place), ...path, 'password'), 'secret');
  };
  await made('call-1', 'aa', 'volumes');
  await made('call-1', 'bb');
  await made('call-2', 'cc');
  await writeFile(join(root.path, 'other'), '');
  // A runtime is free to tell any text.
  await removeRunPods(place, new Set(['aa', 'cc', '', '.', '..', '../..', 'call-1/bb']));
  assert.deepEqual((await readdir(root.path, { recursive: true })).sort(), [
    ...['other', 'run-pods', 'run-pods/call-1', 'run-pods/call-1/bb', 'run-pods/call-1/bb/password'],
  ]);
});

test('without any such pod nothing is made', async () => {
  await using root = await openTemporaryFolder(tmpdir());
  await removeRunPods({ root: root.path }, new Set(['aa']));
  assert.deepEqual(await readdir(root.path), []);
});

test('options that would have no effect are refused', () =>
  atDesk(async ({ run }) => {
    const refused: [string[], RegExp][] = [
      [['run', '-f', 'pod.yaml', '--cri', 'c.sock', '--detach'], /--detach leaves the pods to the node/],
      [['node', 'kubeconfig', '--days', '7'], /--days goes with --user/],
      [['node', 'kubeconfig', '--group', 'x'], /--group goes with --user/],
    ];
    for (const [args, message] of refused) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  }));
