import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inOrder, inProcesses, inTurn, LONG } from './test-order.ts';

const never = new AbortController().signal;

test('long files come first, then labs, then the rest, and none is lost', () => {
  const [long = ''] = Object.keys(LONG);
  const files = ['b.test.ts', 'z.lab.test.ts', 'a.test.ts', long];
  assert.deepEqual(inOrder(files), [long, 'z.lab.test.ts', 'a.test.ts', 'b.test.ts']);
});

test('short files of a package share a process, up to a number; labs, long ones, those of no package and those that ask do not', () => {
  const short = Array.from({ length: 17 }, (_, at) => `packages/oci/src/${String(at).padStart(2, '0')}.test.ts`);
  const own = [
    ...['tests/lab/a.lab.test.ts', 'packages/oci/src/b.lab.test.ts', 'tests/c.test.ts', Object.keys(LONG)[0] ?? ''],
    ...['packages/oci/src/asks.test.ts', 'packages/core/src/d.test.ts'],
  ];
  const processes = inProcesses([...own, ...short], (file) => file.includes('asks'));
  assert.deepEqual(
    processes.slice(0, own.length),
    own.map((file) => [file]),
  );
  assert.deepEqual(processes.slice(own.length), [short.slice(0, 16), short.slice(16)]);
});

test('a file of the table is there', () => {
  const gone = Object.keys(LONG).filter((file) => !existsSync(join(import.meta.dirname, '..', file)));
  assert.deepEqual(gone, []);
});

test('never more than so many jobs run at once, each is done, and what one says stays together', async () => {
  let running = 0;
  let most = 0;
  const jobs = [30, 5, 20, 1, 1, 10].map(
    (milliseconds, index) =>
      async function* () {
        most = Math.max(most, ++running);
        yield `${index} begins`;
        await delay(milliseconds);
        yield `${index} ends`;
        running -= 1;
      },
  );
  const said = await Array.fromAsync(inTurn([{ jobs, atOnce: 9 }], 3, never));
  assert.equal(most, 3);
  assert.equal(said.length, 12);
  for (let at = 0; at < said.length; at += 2) assert.equal(said[at]?.split(' ')[0], said[at + 1]?.split(' ')[0]);
});

test('what an earlier lane may not have at once, a later one has', async () => {
  const begun: string[] = [];
  const lane = (name: string) =>
    [1, 2, 3].map(
      () =>
        async function* () {
          begun.push(name);
          await delay(name === 'lab' ? 40 : 2);
          yield name;
        },
    );
  const lanes = [
    { jobs: lane('lab'), atOnce: 2 },
    { jobs: lane('unit'), atOnce: 3 },
  ];
  await Array.fromAsync(inTurn(lanes, 3, never));
  assert.deepEqual(begun, ['lab', 'lab', 'unit', 'unit', 'unit', 'lab']);
});

test('after an interrupt nothing new begins, and what runs is still heard', async () => {
  const stop = new AbortController();
  const begun: number[] = [];
  const jobs = [1, 2, 3].map(
    (index) =>
      async function* () {
        begun.push(index);
        stop.abort();
        yield await delay(5, index);
      },
  );
  assert.deepEqual(await Array.fromAsync(inTurn([{ jobs, atOnce: 1 }], 1, stop.signal)), [1]);
  assert.deepEqual(begun, [1]);
});
