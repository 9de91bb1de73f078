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

interface Told {
  readonly io: Io;
  readonly ending: AbortController;
  /** The address, once it is printed. */
  readonly printed: Promise<string>;
  readonly errors: string[];
}

function listening(): Told {
  const ending = new AbortController();
  const printed = Promise.withResolvers<string>();
  const errors: string[] = [];
  const io: Io = {
    out: (text) => printed.resolve(text.trim()),
    write: async () => undefined,
    input: () => Readable.from([]),
    err: (text) => void errors.push(text),
    env: {},
    ...{ colour: false, interactive: false, answering: false, width: 100, argv: [] },
    signal: ending.signal,
  };
  return { io, ending, printed: printed.promise, errors };
}

/** No node works there. */
const NOWHERE = ['--root', '/nonexistent', '--state', '/nonexistent'];

test('ui prints where the desk is, answers there, and ends with code 0 when it is interrupted', async () => {
  const { io, ending, printed, errors } = listening();
  const ended = runProgram(['ui', FIXTURE, ...NOWHERE], io);
  const address = new URL(await Promise.race([printed, ended.then(String)]));
  assert.match(address.hash, /^#token=[\w-]{43}$/);
  assert.equal(address.hostname, '127.0.0.1');
  const [response] = await once(get(address), 'response');
  assert.equal(response.statusCode, 200);
  response.resume();
  assert.doesNotMatch(errors.join(''), /warning/);
  ending.abort();
  assert.equal(await ended, 0);
});

test('a port that is none is refused before anything is opened', async () => {
  const { io, errors } = listening();
  assert.equal(await runProgram(['ui', '/nowhere', '--port', '70000'], io), 2);
  assert.match(errors.join(''), /up to 65535/);
});

test('without a checkpoint it needs a node; with one, a node that is not to be had is told', async () => {
  const alone = listening();
  assert.equal(await runProgram(['ui', ...NOWHERE], alone.io), 1);
  assert.match(alone.errors.join(''), /ERR_NODE_NOT_RUNNING/);
  const { io, ending, printed, errors } = listening();
  const ended = runProgram(['ui', FIXTURE, ...NOWHERE, '--cri', '/nonexistent/cri.sock'], io);
  await Promise.race([printed, ended]);
  ending.abort();
  assert.equal(await ended, 0);
  assert.match(errors.join(''), /^warning: the desk shows no node: .*cri\.sock/m);
});
