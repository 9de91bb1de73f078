import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesSource } from '@stillframe/core';
import { inThread } from '@stillframe/testkit';
import { openCheckpoint } from './checkpoint.ts';
import { openRootfsDiff } from './rootfs-diff.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.tar`, import.meta.url));

for (const name of ['crio-counter', 'containerd-counter', 'podman-counter', 'open-files']) {
  test(`whatever bits of ${name} are flipped, every view ends with a result or an error of ours`, () =>
    inThread(new URL('./hostile-thread.fixture.ts', import.meta.url), fixture(name)));
}

test('the diff of the root filesystem is read, gzipped or plain', async () => {
  for (const [name, compression, file] of [
    ['crio-counter', 'none', 'cnt'],
    ['containerd-counter', 'gzip', undefined],
    ['podman-counter', 'none', 'cnt'],
  ] as const) {
    await using checkpoint = await openCheckpoint(bytesSource(await readFile(fixture(name))));
    await using diff = await openRootfsDiff(checkpoint);
    assert.equal(diff?.compression, compression);
    if (file) assert.ok(diff?.has(file), `${name}: ${[...(diff?.entries.keys() ?? [])]}`);
  }
});
