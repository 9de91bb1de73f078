import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCode } from '@stillframe/core';
import { startYara } from './yara-process.ts';

const SLOW = {
  name: 'slow.yar',
  text: 'rule slow { condition: for all i in (0..filesize - 1): (for all j in (0..filesize - 1): (uint8(i) + uint8(j) < 600)) }',
};
const QUICK = { name: 'quick.yar', text: 'rule quick { strings: $a = "needle" condition: $a }' };
const BYTES = Buffer.concat([Buffer.from('a needle'), Buffer.alloc(4 << 20)]);
const never = new AbortController().signal;

test('rules say in a process what they match, and what is wrong with them', async () => {
  await using yara = await startYara([QUICK, { ...QUICK, name: 'other.yar' }], never);
  const [match, other] = await yara.scan(BYTES);
  assert.deepEqual([match?.rule, match?.namespace, other?.namespace], ['quick', 'quick.yar', 'other.yar']);
  assert.deepEqual(match?.strings, [{ identifier: '$a', offset: 2, bytes: 6 }]);
  assert.deepEqual(yara.diagnostics, []);
  await assert.rejects(startYara([{ ...QUICK, text: 'rule x { condition: nothing }' }], never), (error) =>
    isCode(error, 'ERR_FORENSICS_YARA_RULES'),
  );
});

test('a file of rules that is at one window for too long is given up and named', async () => {
  await using yara = await startYara([SLOW], never, 500);
  assert.deepEqual(await yara.scan(BYTES), []);
  assert.deepEqual(
    yara.diagnostics.map(({ id, source }) => [id, source]),
    [['yara-slow', 'slow.yar']],
  );
  assert.deepEqual(await yara.scan(BYTES), [], 'and asked no more');
});

test('a slow rule is ended with the command', async () => {
  const ending = new AbortController();
  await using yara = await startYara([SLOW], ending.signal);
  const scanning = yara.scan(BYTES);
  setTimeout(() => ending.abort(new Error('enough')), 20);
  await assert.rejects(scanning, /enough/);
});
