import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPeer, findProgram, isExecutable } from './peers.ts';

const VARIABLES = ['STILLFRAME_CHECKPOINTCTL', 'STILLFRAME_PEERS_HOME'] as const;
const before = VARIABLES.map((name) => [name, process.env[name]] as const);

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test('a peer is where its variable says, and not looked for elsewhere when that is wrong', () => {
  process.env['STILLFRAME_CHECKPOINTCTL'] = process.execPath;
  assert.equal(findPeer('checkpointctl'), process.execPath);
  process.env['STILLFRAME_CHECKPOINTCTL'] = fileURLToPath(import.meta.url);
  assert.equal(findPeer('checkpointctl'), undefined);
});

test('without its variable a peer is the set-up’s copy, or looked for in PATH', async () => {
  delete process.env['STILLFRAME_CHECKPOINTCTL'];
  const home = await mkdtemp(join(tmpdir(), 'stillframe-peers-'));
  process.env['STILLFRAME_PEERS_HOME'] = home;
  try {
    const copy = join(home, 'checkpointctl/bin/checkpointctl');
    await mkdir(dirname(copy), { recursive: true });
    await writeFile(copy, '', { mode: 0o755 });
    assert.equal(findPeer('checkpointctl'), copy);
  } finally {
    await rm(home, { recursive: true });
  }
  assert.equal(findPeer('checkpointctl'), findProgram('checkpointctl'));
});

test('programs are executable files, found by name', () => {
  assert.ok(isExecutable(findProgram('sh') ?? ''));
  assert.ok(!isExecutable('/'), 'a folder is no program');
  assert.equal(findProgram('no-such-program-of-stillframe'), undefined);
});
