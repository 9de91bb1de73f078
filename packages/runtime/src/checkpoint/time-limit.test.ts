import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '@stillframe/core';
import { limitTime } from './time-limit.ts';

test('without a limit the signal is the caller’s own', () => {
  const { signal } = new AbortController();
  using limited = limitTime(undefined, signal);
  assert.equal(limited.signal, signal);
});

test('what comes first aborts, each with its own reason', async () => {
  using short = limitTime(0.01, new AbortController().signal);
  await delay(30);
  assert.ok(isCode(short.signal?.reason, 'ERR_CHECKPOINT_TIMEOUT'));
  const gone = new AbortController();
  using long = limitTime(100, gone.signal);
  gone.abort('gone');
  assert.equal(long.signal?.reason, 'gone');
});

test('a limit that is over with its work aborts nothing any more', async () => {
  const limited = limitTime(0.01);
  limited[Symbol.dispose]();
  await delay(30);
  assert.equal(limited.signal?.aborted, false);
});
