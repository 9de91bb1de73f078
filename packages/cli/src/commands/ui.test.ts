/** The command as a user runs it: it prints an address that answers, and ends when it is interrupted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Io } from '../io.ts';
import { runProgram } from '../program.ts';

const FIXTURE = fileURLToPath(new URL('../../../checkpoint/fixtures/crio-counter.tar', import.meta.url));

test('ui prints where the desk is, answers there, and ends with code 0 when it is interrupted', async () => {
  const ending = new AbortController();
  const printed = Promise.withResolvers<string>();
  const io: Io = {
    out: (text) => printed.resolve(text.trim()),
    write: async () => undefined,
    input: () => Readable.from([]),
    err: () => undefined,
    env: {},
    ...{ colour: false, interactive: false, answering: false, width: 100, argv: [] },
    signal: ending.signal,
  };
  const ended = runProgram(['ui', FIXTURE], io);
  const address = new URL(await Promise.race([printed.promise, ended.then(String)]));
  assert.match(address.hash, /^#token=[\w-]{43}$/);
  assert.equal(address.hostname, '127.0.0.1');
  const [response] = await once(get(address), 'response');
  assert.equal(response.statusCode, 200);
  response.resume();
  ending.abort();
  assert.equal(await ended, 0);
});

test('a port that is none is refused before anything is opened', async () => {
  const told: string[] = [];
  const io: Io = {
    out: (text) => void told.push(text),
    write: async () => undefined,
    input: () => Readable.from([]),
    err: (text) => void told.push(text),
    env: {},
    ...{ colour: false, interactive: false, answering: false, width: 100, argv: [] },
    signal: new AbortController().signal,
  };
  assert.equal(await runProgram(['ui', '/nowhere', '--port', '70000'], io), 2);
  assert.match(told.join(''), /up to 65535/);
});
