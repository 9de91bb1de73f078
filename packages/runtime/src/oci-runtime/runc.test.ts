import assert from 'node:assert/strict';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openRunc } from './runc.ts';

/** Dumps until the folder that it writes into is gone, which it makes anew once, and tells that it came to its end. */
const DUMPER = `#!/bin/sh
[ "$1" = --version ] && echo 'runc version 1.1.5' && exit
while [ $# -gt 0 ]; do case $1 in --image-path) images=$2;; --work-path) work=$2;; esac; shift; done
touch "$work/began"
while [ -d "$images" ]; do sleep 0.01; done
mkdir "$images"
while [ -d "$images" ]; do sleep 0.01; done
touch "$work/ended"
exit 1
`;

async function dumper(folder: string) {
  const binary = join(folder, 'runc');
  await writeFile(binary, DUMPER, { mode: 0o755 });
  const work = join(folder, 'work');
  await mkdir(join(work, 'images'), { recursive: true });
  const env = { PATH: '/usr/bin:/bin' };
  const places = { root: folder, exitsFolder: folder, attachFolder: folder, criuFolder: undefined };
  const oci = await openRunc({ conmon: 'conmon', binary, ...places, env });
  const request = { imagePath: join(work, 'images'), workPath: work, leaveRunning: true, options: [] };
  const there = (name: string) =>
    stat(join(work, name)).then(
      () => true,
      () => false,
    );
  return { oci, request, there };
}

test('a dump that is given up loses its folder and is waited for, never killed', { timeout: 20_000 }, async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { oci, request, there } = await dumper(folder.path);
  const gone = new AbortController();
  const dumping = oci.checkpoint('c', { ...request, signal: gone.signal });
  while (!(await there('began'))) await delay(5);
  assert.ok(await there('images'), 'as long as nobody gives up');
  gone.abort(new Error('given up'));
  await assert.rejects(dumping, /given up/);
  assert.ok(await there('ended'), 'it came to its end by itself');
  assert.ok(!(await there('images')));
});

test('one that is given up beforehand is never begun', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { oci, request, there } = await dumper(folder.path);
  await assert.rejects(oci.checkpoint('c', { ...request, signal: AbortSignal.abort(new Error('before')) }), /before/);
  assert.ok(!(await there('began')));
});
