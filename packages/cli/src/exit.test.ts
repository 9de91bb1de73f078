import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { StillframeError } from '@stillframe/core';
import fc from 'fast-check';
import { exitCodeOf, exitCodes, printError } from './exit.ts';
import type { Io } from './io.ts';
import { cliError } from './usage.ts';

/** What is written to stderr; stdout is the result alone, so nothing may go there. */
function printed(error: unknown): string {
  const parts: string[] = [];
  const io = { err: (part: string) => parts.push(part), out: () => assert.fail('stdout') } as unknown as Io;
  printError(io, error);
  return parts.join('');
}

test('usage ends with 2, interruption with 130, every other failure with 1', () => {
  assert.equal(exitCodeOf(cliError('ERR_USAGE_ARGUMENT', 'm')), exitCodes.usage);
  assert.equal(exitCodeOf(cliError('ERR_NODE_NOT_RUNNING', 'm')), exitCodes.failed);
  assert.equal(exitCodeOf(new DOMException('ended by SIGINT', 'AbortError')), exitCodes.interrupted);
  assert.equal(exitCodeOf(AbortSignal.abort().reason), exitCodes.interrupted);
  for (const value of [new Error('m'), new TypeError('m'), 'text', undefined, null]) assert.equal(exitCodeOf(value), 1);
  assert.deepEqual(exitCodes, { ok: 0, failed: 1, usage: 2, findings: 3, partial: 4, interrupted: 130 });
});

test('an error is told with its code, and what to do on a line of its own', () => {
  assert.equal(
    printed(cliError('ERR_NODE_NOT_RUNNING', 'no node')),
    'stillframe: no node  [ERR_NODE_NOT_RUNNING]\n  start it with `npx stillframe node up`\n',
  );
  assert.equal(printed(cliError('ERR_NODE_START', 'two\nlines')), 'stillframe: two\n  lines  [ERR_NODE_START]\n');
  assert.equal(printed(new DOMException('x', 'AbortError')), 'stillframe: interrupted\n');
});

test('what the system refuses has a code of ours and tells the path, not the call', async () => {
  const missing = await readFile('/nonexistent/file').catch((error: unknown) => error);
  assert.equal(
    printed(missing),
    'stillframe: /nonexistent/file does not exist  [ERR_PATH_MISSING]\n  check the path\n',
  );
  const folder = await readFile('/').catch((error: unknown) => error);
  assert.match(printed(folder), /ERR_PATH_WRONG/);
  for (const [code, own] of [
    ['ENOSPC', 'ERR_DISK_FULL'],
    ['EACCES', 'ERR_PATH_DENIED'],
    ['EMFILE', 'ERR_SYSTEM_REFUSED'],
  ]) {
    const error = Object.assign(new Error(`${code}: text of the system`), { code, syscall: 'open', path: '/p' });
    assert.match(printed(error), new RegExp(`^stillframe: /p .*\\[${own}\\]`));
    assert.doesNotMatch(printed(error), /text of the system/);
    assert.equal(exitCodeOf(error), exitCodes.failed);
  }
});

test('a defect of ours shows where it happened', () => {
  assert.match(printed(new TypeError('not a function')), /^stillframe: TypeError: not a function\n.*exit\.test\.ts/s);
  assert.equal(printed('thrown text'), 'stillframe: thrown text\n');
});

test('nothing that an error carries reaches the terminal as a control character', () => {
  const text = fc.string({ unit: fc.constantFrom('\x1b', '\x9b', '\r', '\u202e', '\n', '\x07', '\u2028', 'a', '🦊') });
  fc.assert(
    fc.property(text, text, (message, hint) => {
      const plain = Object.assign(new Error(message), { stack: `Error: ${message}\n    at here` });
      for (const error of [new StillframeError('ERR_X', 'internal', message, { hint }), plain, message]) {
        assert.doesNotMatch(printed(error).replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});
