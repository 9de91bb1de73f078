import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Comparison } from './code-comparison.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
function compared(memory: string, file: string) {
  const comparison = new Comparison(16);
  comparison.add(0x1000n, bytes(memory), bytes(file));
  return comparison;
}

test('each changed place is told with the bytes of both, what lies close together as one', () => {
  const { differences, count } = compared(
    '90 48b8 00 11 22 90 90 90 90 90 90 c3',
    '90 4156 00 01 02 90 90 90 90 90 90 cb',
  );
  assert.equal(count, 2);
  assert.deepEqual(differences, [
    { address: 0x1001n, bytes: 5, before: '4156000102', after: '48b8001122' },
    { address: 0x100cn, bytes: 1, before: 'cb', after: 'c3' },
  ]);
});

test('breakpoints are known as such as long as there is nothing else', () => {
  assert.equal(compared('90cc90909090cc', '90559090909055').onlyBreakpoints, true);
  assert.equal(compared('90cc90909090cd', '90559090909055').onlyBreakpoints, false);
});

test('the system call that CRIU lays over the start of the code is no difference', () => {
  assert.equal(compared('0f05cccccccccccc55', '554889e54883ec2055').count, 0);
  assert.equal(compared('0f05ccccccccccc355', '554889e54883ec2055').count, 1);
});

test('differences cover exactly what differs, whatever it is', () => {
  const pair = fc.integer({ min: 0, max: 64 }).chain((length) => {
    const content = fc.uint8Array({ minLength: length, maxLength: length, max: 3 });
    return fc.tuple(content, content);
  });
  fc.assert(
    fc.property(pair, ([memory, file]) => {
      const comparison = new Comparison(1000);
      comparison.add(0n, memory, file);
      const covered = new Set(
        comparison.differences.flatMap(({ address, bytes: length }) =>
          Array.from({ length }, (_, index) => Number(address) + index),
        ),
      );
      for (const index of memory.keys()) if (memory[index] !== file[index]) assert.ok(covered.has(index));
      for (const { address, bytes: length } of comparison.differences) {
        const [first, last] = [Number(address), Number(address) + length - 1];
        assert.ok(memory[first] !== file[first] && memory[last] !== file[last]);
      }
      assert.equal(comparison.count === 0, Buffer.compare(memory, file) === 0);
    }),
  );
});
