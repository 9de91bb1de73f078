import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPeer, findProgram, isExecutable } from './peers.ts';

const before = process.env['STILLFRAME_CHECKPOINTCTL'];

afterEach(() => {
  if (before === undefined) delete process.env['STILLFRAME_CHECKPOINTCTL'];
  else process.env['STILLFRAME_CHECKPOINTCTL'] = before;
});

test('a peer is where its variable says, and not looked for elsewhere when that is wrong', () => {
  process.env['STILLFRAME_CHECKPOINTCTL'] = process.execPath;
  assert.equal(findPeer('checkpointctl'), process.execPath);
  process.env['STILLFRAME_CHECKPOINTCTL'] = fileURLToPath(import.meta.url);
  assert.equal(findPeer('checkpointctl'), undefined);
});

test('without its variable a peer is looked for in PATH', () => {
  delete process.env['STILLFRAME_CHECKPOINTCTL'];
  assert.equal(findPeer('checkpointctl'), findProgram('checkpointctl'));
});

test('programs are executable files, found by name', () => {
  assert.ok(isExecutable(findProgram('sh') ?? ''));
  assert.ok(!isExecutable('/'), 'a folder is no program');
  assert.equal(findProgram('no-such-program-of-stillframe'), undefined);
});
