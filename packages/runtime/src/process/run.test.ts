import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCode } from '@stillframe/core';
import { demand, run } from './run.ts';

test('a program runs to its end and gives its code and both streams', async () => {
  const result = await run(['sh', '-c', 'echo out; echo err >&2; exit 7']);
  assert.deepEqual(result, { code: 7, signal: null, stdout: 'out\n', stderr: 'err\n' });
});

test('arguments reach the program as they are, no shell reads them', async () => {
  const result = await run(['printf', '%s|', '$HOME', 'a b', '; exit 9']);
  assert.equal(result.stdout, '$HOME|a b|; exit 9|');
});

test('input is given on stdin, and a program that does not read it is no failure', async () => {
  assert.equal((await run(['cat'], { input: 'hello' })).stdout, 'hello');
  assert.equal((await run(['true'], { input: new Uint8Array(4 << 20) })).code, 0);
});

test('only the last bytes of a long output are kept', async () => {
  const result = await run(['sh', '-c', 'seq 1 100000 >&2'], { maxOutput: 20 });
  assert.equal(Buffer.byteLength(result.stderr), 20);
  assert.ok(result.stderr.endsWith('99999\n100000\n'));
});

test('a program that is not there is ERR_PROCESS_MISSING', async () => {
  await assert.rejects(run(['stillframe-no-such-program']), (error) => isCode(error, 'ERR_PROCESS_MISSING'));
});

test('demand throws ERR_PROCESS_FAILED with the last words of the program', async () => {
  await assert.rejects(demand(['sh', '-c', 'echo broken >&2; exit 3']), (error) => {
    assert.ok(isCode(error, 'ERR_PROCESS_FAILED'));
    assert.match(String(error), /sh ended with code 3: broken/);
    return true;
  });
});

test('a death by signal is told as such', async () => {
  const result = await run(['sh', '-c', 'kill -TERM $$']);
  assert.deepEqual([result.code, result.signal], [null, 'SIGTERM']);
});

test('an abort kills the whole process group and rejects with the reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const mark = `61.${process.pid}`;
  const running = run(['sh', '-c', `sleep ${mark} & sleep ${mark}`], { signal: stop.signal });
  await sleep(200);
  stop.abort(reason);
  await assert.rejects(running, (error) => error === reason);
  await sleep(50);
  assert.deepEqual(await processesNaming(mark), []);
});

test('a signal that is aborted already starts nothing', async () => {
  await assert.rejects(run(['true'], { signal: AbortSignal.abort(new Error('before')) }), /before/);
});

test('a time-out is ERR_PROCESS_TIMEOUT', async () => {
  await assert.rejects(run(['sleep', '30'], { timeout: 50 }), (error) => isCode(error, 'ERR_PROCESS_TIMEOUT'));
});

test('a background grandchild that holds the pipes does not delay the result', async () => {
  const before = performance.now();
  const result = await run(['sh', '-c', 'sleep 20 & echo done']);
  assert.equal(result.stdout, 'done\n');
  assert.ok(performance.now() - before < 15_000);
});

/** Ids of the processes that have `word` among their arguments. */
async function processesNaming(word: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.split('\0').includes(word)) found.push(pid);
  }
  return found;
}
