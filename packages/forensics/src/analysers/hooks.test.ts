import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absoluteJumps, jumpAt } from './hooks.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const TARGET = 0x7feb2756c000n;

test('every form of a jump to an address that stands in it is seen', () => {
  const address = '00c05627eb7f0000';
  const forms = [
    `48b8${address}ffe0`,
    `48b9${address}ffd1`,
    `49bb${address}41ffe3`,
    `ff2500000000${address}`,
    `48b8${address}50c3`,
  ];
  for (const form of forms)
    assert.deepEqual(absoluteJumps(bytes(`90 ${form} 90`)), [{ offset: 1, target: TARGET }], form);
});

test('a constant that is not jumped to, another register, and a jump through a table are none', () => {
  for (const text of ['48b800c05627eb7f00009090', '48b800c05627eb7f0000ffe1', 'ff251000000000c05627eb7f0000', '48b8'])
    assert.deepEqual(absoluteJumps(bytes(text)), [], text);
});

test('a relative jump leads on from its end, backwards too', () => {
  assert.equal(jumpAt(bytes('e9 10000000'), 0x1000n), 0x1015n);
  assert.equal(jumpAt(bytes('e9 f6ffffff 90'), 0x1000n), 0xffbn);
  assert.equal(jumpAt(bytes('48b8 00c05627eb7f0000 ffe0'), 0x1000n), TARGET);
  assert.equal(jumpAt(bytes('31c0c3'), 0x1000n), undefined);
});
