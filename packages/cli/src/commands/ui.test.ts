/** The command as a user runs it: it prints an address that answers, and ends when it is interrupted. */
import assert from 'node:assert/strict';
import { copyFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';
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

async function atUi(archive: string, use: (address: URL) => Promise<void>): Promise<void> {
  const { io, ending, printed, errors } = listening();
  const ended = runProgram(['ui', archive, ...NOWHERE], io);
  try {
    await use(new URL(await Promise.race([printed, ended.then(String)])));
  } finally {
    ending.abort();
  }
  assert.equal(await ended, 0);
  assert.doesNotMatch(errors.join(''), /warning/);
}

test('ui prints where the desk is, answers there, and ends with code 0 when it is interrupted', () =>
  atUi(FIXTURE, async (address) => {
    assert.match(address.hash, /^#token=[\w-]{43}$/);
    assert.equal(address.hostname, '127.0.0.1');
    assert.equal((await fetch(address)).status, 200);
  }));

test('of an archive that was replaced or taken away since, nothing is verified or reported', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const path = join(folder.path, 'web.tar');
  await copyFile(FIXTURE, path);
  await atUi(path, async ({ origin, hash }) => {
    const body = hash.slice('#token='.length);
    const entered = await fetch(`${origin}/api/enter`, { method: 'POST', headers: { origin }, body });
    const [cookie = ''] = (entered.headers.get('set-cookie') ?? '').split(';');
    const ask = async (name: string) => {
      const response = await fetch(`${origin}/api/0/${name}`, { headers: { cookie } });
      return [response.status, response.ok ? undefined : ((await response.json()) as { code: string }).code];
    };
    const replaced = [409, 'ERR_ARCHIVE_REPLACED'];
    await copyFile(FIXTURE, `${path}.other`);
    await rename(`${path}.other`, path);
    assert.deepEqual(await ask('custody'), replaced);
    await rm(path);
    for (const name of ['integrity', 'export?name=report']) assert.deepEqual(await ask(name), replaced, name);
    assert.deepEqual(await ask('overview'), [200, undefined], 'what is open stays open');
  });
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
