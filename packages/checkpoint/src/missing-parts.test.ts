import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bytesSource } from '@stillframe/core';
import { without } from './archive/tar.fixture.ts';
import { openCheckpoint } from './checkpoint.ts';
import { missingParts } from './missing-parts.ts';

const fixture = (name: string) => readFile(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

test('a whole checkpoint lacks nothing, whoever wrote it', async () => {
  for (const name of ['crio-counter.tar', 'containerd-counter.tar', 'podman-counter.tar']) {
    await using checkpoint = await openCheckpoint(bytesSource(await fixture(name)));
    assert.deepEqual(missingParts(checkpoint), [], name);
  }
});

test('what is left out is named as CRIU calls it', async () => {
  const whole = await fixture('crio-counter.tar');
  for (const [lost, wanted] of [
    [/inventory\.img$/, ['inventory.img']],
    [/pstree\.img$/, ['pstree.img']],
    [/pages-\d+\.img$/, ['pages-*.img']],
    [/core-\d+\.img$/, ['core-*.img']],
    [/^checkpoint\//, ['inventory.img', 'pstree.img', 'core-*.img', 'pages-*.img']],
  ] as const) {
    await using checkpoint = await openCheckpoint(bytesSource(await without(whole, lost)));
    assert.deepEqual(missingParts(checkpoint), wanted, String(lost));
  }
});
