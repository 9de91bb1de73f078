import assert from 'node:assert/strict';
import { test } from 'node:test';
import { core_entry_march } from '@stillframe/criu-image/proto';
import fc from 'fast-check';
import { openFlagNames } from './fd/open-flags.ts';
import { type NamedBits, nameOfNumber, namesOfBits } from './flag-names.ts';

const TABLE: NamedBits = [
  ['BOTH', 0b11],
  ['ONE', 0b01],
  ['TWO', 0b10],
  ['TOP', 0x80000000],
];

test('bits have names, those of several before those of one', () => {
  assert.deepEqual(namesOfBits(0b11, TABLE), ['BOTH']);
  assert.deepEqual(namesOfBits(0b10, TABLE), ['TWO']);
  assert.deepEqual(namesOfBits(0x80000000, TABLE), ['TOP']);
  assert.deepEqual(namesOfBits(0, TABLE), []);
});

test('no bit is lost: the names and the rest make the number again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (value) => {
      const bits = new Map(TABLE);
      const sum = namesOfBits(value, TABLE).reduce((all, name) => (all | (bits.get(name) ?? Number(name))) >>> 0, 0);
      assert.equal(sum, value);
    }),
  );
});

test('a number without a name is told as one, whatever an object is born with', () => {
  assert.equal(nameOfNumber(3, { 3: 'three' }, 'count'), 'three');
  assert.equal(nameOfNumber(4, { 3: 'three' }, 'count'), 'count-4');
});

test('flags of open(2) are read by the numbers of the machine that was dumped', () => {
  assert.deepEqual(openFlagNames(0o202001), ['O_WRONLY', 'O_APPEND', 'O_DIRECTORY']);
  assert.deepEqual(openFlagNames(0o202001, core_entry_march.AARCH64), ['O_WRONLY', 'O_APPEND', 'O_DIRECT']);
  assert.deepEqual(openFlagNames(0o4010000), ['O_RDONLY', 'O_SYNC']);
  assert.deepEqual(openFlagNames(0o10000), ['O_RDONLY', 'O_DSYNC']);
  assert.deepEqual(openFlagNames(0o20200002), ['O_RDWR', 'O_TMPFILE']);
  assert.deepEqual(openFlagNames(0x40000000), ['O_RDONLY', '0x40000000']);
});
