import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidLines } from './said.ts';

test('of a line of the log only its message is left', () => {
  const line =
    'time="2026-11-25T20:40:00Z" level=error msg="runc create failed: error mounting \\"/tmp\\" to rootfs at \\"/proc\\""';
  assert.deepEqual(saidLines(`${line}\n`), ['runc create failed: error mounting "/tmp" to rootfs at "/proc"']);
  assert.deepEqual(saidLines('time="x" level=warning msg=short'), ['short']);
  assert.deepEqual(saidLines('{"level":"error","msg":"it failed","time":"x"}'), ['it failed']);
});

test('what has no form of a log stays as it is, and an escape is not undone', () => {
  assert.deepEqual(saidLines('container does not exist\n\n  usage  \n'), ['container does not exist', 'usage']);
  assert.deepEqual(saidLines('{broken'), ['{broken']);
  assert.deepEqual(saidLines('time="x" level=error msg="a\\x1b[2J\\nb\\\\c"'), ['a\\x1b[2J b\\c']);
  assert.deepEqual(saidLines(''), []);
});
