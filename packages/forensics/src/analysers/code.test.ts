import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { openAddressSpace } from '@stillframe/criu-image';
import { code } from './code.ts';
import { layerOf, read } from './made-checkpoint.fixture.ts';

const FIXTURE = new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url).pathname;
/** /bin/sh of both processes: its size in the dump, and where its code is in memory and in the file. */
const SHELL = { size: 1982256, at: 0x401000n, offset: 0x1000 };

/** A stand-in for the shell whose one captured page is as in memory. */
async function shellOf(checkpoint: Checkpoint): Promise<Uint8Array> {
  const file = new Uint8Array(SHELL.size);
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  const [range] = await space.read(SHELL.at, file.subarray(SHELL.offset, SHELL.offset + 4096));
  assert.equal(range?.state, 'captured');
  return file;
}

test('without the file at hand only the page that CRIU itself writes to is known, and nothing else was written', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const { rows } = await read(code, checkpoint);
  assert.deepEqual(
    rows.map(({ path, state, captured, written }) => [path, state, captured, written]),
    Array(2).fill(['/bin/sh', 'unknown', 4096, []]),
  );
});

test('with the image the page is held against the file, byte by byte', async () => {
  await using checkpoint = await openCheckpoint(FIXTURE);
  const file = await shellOf(checkpoint);
  const equal = await read(code, checkpoint, [layerOf({ 'bin/sh': file })]);
  assert.deepEqual(
    equal.rows.map(({ state }) => state),
    ['equal', 'equal'],
  );
  const place = SHELL.offset + 0x800;
  const original = file[place] ?? 0;
  file[place] = original ^ 0xff;
  const { rows } = await read(code, checkpoint, [layerOf({ 'bin/sh': file })]);
  const [row] = rows;
  assert.equal(row?.state, 'patched');
  assert.deepEqual(
    row.differences.map(({ address, bytes }) => [address, bytes]),
    [[SHELL.at + 0x800n, 1]],
  );
  assert.equal(row.comparedWith?.from, 'layer 1 of 1');
  assert.match(row.comparedWith.sha256, /^sha256:[0-9a-f]{64}$/);
});

test('where an image is given that does not have the file, code without a captured page is absent', async () => {
  await using checkpoint = await openCheckpoint(
    new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url).pathname,
  );
  const { rows } = await read(code, checkpoint, [layerOf({})]);
  assert.ok(rows.some(({ path, state }) => path.endsWith('/libc.so.6') && state === 'absent'));
  assert.ok((await read(code, checkpoint)).rows.every(({ state }) => state === 'unknown'));
});
