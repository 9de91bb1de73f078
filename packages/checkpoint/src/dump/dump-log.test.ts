import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { openArchive } from '../archive/open.ts';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { readDumpLog } from './dump-log.ts';

const logOf = async (text: string | Uint8Array, name = 'dump.log') => {
  await using archive = await openArchive(bytesSource(tarOf(entry('config.dump', '{}'), entry(name, text))));
  return readDumpLog(archive);
};

test('a real log gives its length in time, its warnings and its errors', async () => {
  await using archive = await openArchive(new URL('../../fixtures/containerd-counter.tar', import.meta.url).pathname);
  const log = await readDumpLog(archive);
  assert.deepEqual([log?.entry, log?.lines, log?.duration, log?.finished], ['dump.log', 1033, 170_883, true]);
  assert.deepEqual(
    log?.messages.map(({ severity, at, place }) => [severity, at, place]),
    [
      ['error', 34_407, 'criu/util.c:1533'],
      ['warning', 75_664, 'compel/arch/x86/src/lib/infect.c:418'],
    ],
  );
});

test('a terse log has messages without a time', async () => {
  const log = await logOf('Error (criu/mem.c:1): no\nWarn  (criu/a.c:2): hm\x1b[2J\n12: Error (x.c:3): of a child');
  assert.deepEqual(
    log?.messages.map(({ at, text }) => [at, text]),
    [
      [undefined, 'no'],
      [undefined, 'hm\x1b[2J'],
      [undefined, 'of a child'],
    ],
  );
  assert.deepEqual([log?.errors, log?.warnings, log?.duration, log?.finished], [2, 1, undefined, false]);
});

test('a log of nothing but errors, or of one endless line, is bounded', async () => {
  const many = await logOf('(00.000001) Error (a.c:1): x\n'.repeat(50_000));
  assert.deepEqual([many?.messages.length, many?.errors], [1000, 50_000]);
  const endless = await logOf(new Uint8Array(8 << 20).fill(0x41));
  assert.deepEqual([endless?.lines, endless?.messages], [1, []]);
});

test('an archive without a log has none', async () => {
  assert.equal(await logOf('x', 'other.log'), undefined);
});
