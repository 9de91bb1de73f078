import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inThread } from './thread.ts';

const module = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
const IMPORT = "import { workerData } from 'node:worker_threads';";

test('a module that ends is a thread that ends well, and one that throws rejects with what it threw', async () => {
  await inThread(module(`${IMPORT} if (workerData !== 7) throw new Error('no data');`), 7);
  await assert.rejects(inThread(module(`${IMPORT} await null; throw new TypeError('said ' + workerData);`), 7), {
    name: 'TypeError',
    message: 'said 7',
  });
});

test('a thread that ends before its last line is an error', async () => {
  await assert.rejects(inThread(module('process.exit(3);'), undefined), /ended with 3/);
});

test('a thread that awaits what never comes is an error', async () => {
  await assert.rejects(inThread(module('await new Promise(() => {});'), undefined), /ended with 13/);
});
