import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
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

async function runcOf(folder: string, script: string) {
  const binary = join(folder, 'runc');
  await writeFile(binary, script, { mode: 0o755 });
  const env = { PATH: '/usr/bin:/bin' };
  const places = { root: folder, exitsFolder: folder, attachFolder: folder, criuFolder: undefined };
  return await openRunc({ conmon: 'conmon', binary, ...places, env });
}

async function dumper(folder: string) {
  const work = join(folder, 'work');
  await mkdir(join(work, 'images'), { recursive: true });
  const oci = await runcOf(folder, DUMPER);
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

/** Freezes at the third time; `other` cannot be frozen for another reason. Each asking leaves a line. */
const FREEZER = `#!/bin/sh
[ "$1" = --version ] && echo 'runc version 1.1.5' && exit
echo "$4" >> "$2/asked"
[ "$4" = other ] && echo 'container does not exist' >&2 && exit 1
[ $(wc -l < "$2/asked") -ge 3 ] && exit
echo 'unable to freeze' >&2
exit 1
`;

test('what runc did not get hold of is frozen at a later time, and anything else fails at once', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const oci = await runcOf(folder.path, FREEZER);
  await assert.rejects(oci.pause('other'), /runc pause failed with code 1: container does not exist/);
  await oci.pause('c');
  assert.equal(await readFile(join(folder.path, 'asked'), 'utf8'), 'other\nc\nc\n');
});
