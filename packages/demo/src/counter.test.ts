import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTemporaryFolder } from '@stillframe/core/file';
import fc from 'fast-check';
import { command, demandUnbroken, environment, numbersIn, numbersOf, SECRET, waitForNumbers } from './counter.ts';

const line = (n: number) => `2026-11-24T01:02:03.000000000Z stdout F count ${n}\n`;
const { signal } = new AbortController();

test('the numbers of a log come in the order they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), (numbers) => {
      assert.deepEqual(numbersOf(numbers.map(line).join('')), numbers);
    }),
  );
});

test('only whole lines of the counter count', () => {
  const log = `${line(1)}2026 stdout P count 2\n2026 stdout F count 3 and more\n2026 stderr F other\n${line(4)}2026 stdout F coun`;
  assert.deepEqual(numbersOf(log), [1, 4]);
  assert.deepEqual(numbersOf(''), []);
});

test('numbers that skip, repeat or go back are told', () => {
  for (const sound of [[], [7], [7, 8, 9]]) demandUnbroken(sound, 'copy 1');
  assert.throws(() => demandUnbroken([1, 2, 4], 'copy 1'), { message: 'copy 1 went from 2 to 4' });
  assert.throws(() => demandUnbroken([1, 1], 'copy 2'), { message: 'copy 2 went from 1 to 1' });
  assert.throws(() => demandUnbroken([5, 6, 1], 'copy 3'), { message: 'copy 3 went from 6 to 1' });
});

test('whatever is not one after the other is found', () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.integer({ min: 2, max: 50 }),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      (from, n, at, by) => {
        const numbers = Array.from({ length: n }, (_, i) => from + i);
        demandUnbroken(numbers, 'it');
        const wrong = 1 + (at % (n - 1));
        numbers[wrong] = (numbers[wrong] ?? 0) + by;
        assert.throws(() => demandUnbroken(numbers, 'it'));
      },
    ),
  );
});

test('waiting ends when the log has grown by as many numbers as are wanted', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, '0.log');
  await writeFile(path, line(1));
  const waiting = waitForNumbers(path, 1, 2, signal);
  await appendFile(path, line(2) + line(3));
  assert.deepEqual(await waiting, [1, 2, 3]);
  assert.deepEqual(await numbersIn(path), [1, 2, 3]);
});

test('waiting ends when the demo is interrupted', async () => {
  const missing = join(tmpdir(), 'no such log');
  await assert.rejects(waitForNumbers(missing, 0, 1, AbortSignal.timeout(20)), { name: 'AbortError' });
});

test('the secret stands neither in the command nor in the environment', () => {
  assert.ok(!environment.includes(SECRET));
  assert.ok(!command.join(' ').includes(SECRET));
  assert.match(environment, /^DISGUISED=[a-z-]+$/);
});
