/** `stillframe files` and `stillframe sockets` as a user runs them, against golden files; UPDATE_GOLDEN=1 writes those anew. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const CORPUS = fixture('corpus');

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

async function golden(name: string, ...args: string[]): Promise<void> {
  const { status, stdout, stderr } = run(...args);
  assert.deepEqual([status, stderr], [0, ''], args.join(' '));
  const path = fileURLToPath(new URL(`../../fixtures/__golden__/${name}`, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, stdout);
  assert.equal(stdout, await readFile(path, 'utf8'), name);
}

test('the corpus, which has an fd of nearly every type, is shown as its golden files say', async () => {
  await golden('corpus.files.txt', 'files', CORPUS);
  await golden('corpus.files.tree.txt', 'files', CORPUS, '-o', 'tree', '--pid', '1');
  await golden('corpus.files.json', 'files', CORPUS, '-o', 'json');
  await golden('corpus.sockets.txt', 'sockets', CORPUS);
  await golden('corpus.sockets.long.txt', 'sockets', CORPUS, '--long');
  await golden('corpus.sockets.tree.txt', 'sockets', CORPUS, '-o', 'tree', '--unix');
  await golden('corpus.sockets.json', 'sockets', CORPUS, '-o', 'json');
});

test('redis and its client are shown as their golden files say', async () => {
  await golden('podman-redis.files.txt', 'files', fixture('podman-redis'));
  await golden('podman-redis.sockets.txt', 'sockets', fixture('podman-redis'), '--pid', '6');
});

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a line of JSON for each fd, which are those of the document', () => {
  const rows = lines(run('files', CORPUS, '-o', 'jsonl').stdout);
  const { kind, schemaVersion, files } = JSON.parse(run('files', CORPUS, '-o', 'json').stdout);
  assert.deepEqual([kind, schemaVersion, rows[0].kind], ['OpenFileList', 1, 'OpenFile']);
  assert.deepEqual(
    rows.map(({ kind: _kind, schemaVersion: _version, ...row }) => row),
    files,
  );
  const sockets = lines(run('sockets', CORPUS, '-o', 'jsonl').stdout);
  assert.equal(sockets.length, JSON.parse(run('sockets', CORPUS, '-o', 'json').stdout).sockets.length);
});

test('what is asked for is shown and nothing else', () => {
  const fds = (...args: string[]) =>
    lines(run('files', CORPUS, '-o', 'jsonl', ...args).stdout).map(({ pid, fd }) => `${pid}/${fd}`);
  assert.deepEqual(fds('--deleted', '--pid', '6'), ['6/6', '6/7']);
  assert.deepEqual(fds('--type', 'fifo', '--type', 'epoll'), ['1/5', '1/30', '6/5', '6/30']);
  assert.deepEqual(fds('--type', 'inet', '--pid', '1'), ['1/18', '1/19', '1/20', '1/21', '1/22', '1/23']);
  const inodes = (...args: string[]) =>
    lines(run('sockets', CORPUS, '-o', 'jsonl', ...args).stdout).map(({ file }) => file);
  assert.deepEqual(inodes('--udp'), [33, 34]);
  assert.deepEqual(inodes('--tcp', '--listening'), [30, 35]);
  assert.deepEqual(inodes('--unix', '--udp', '--listening'), [24, 26, 33]);
  assert.deepEqual(inodes('--pid', '6').length, inodes().length, 'all were inherited');
});

test('a type that is none, and a process that is not there, are refused', () => {
  for (const [args, status, said] of [
    [['files', CORPUS, '--type', 'door'], 2, /door.*Allowed choices are file/],
    [['files', CORPUS, '--pid', '77'], 1, /ERR_PROCESS_NOT_FOUND/],
    [['sockets', CORPUS, '--pid', 'x'], 2, /ERR_USAGE_ARGUMENT/],
  ] as const) {
    const ended = run(...args);
    assert.deepEqual([ended.status, ended.stdout], [status, ''], args.join(' '));
    assert.match(ended.stderr, said);
  }
});

test('without any socket or file there is an empty list, whatever the format', () => {
  const counter = fixture('crio-counter');
  assert.deepEqual(JSON.parse(run('sockets', counter, '-o', 'json').stdout), {
    ...{ kind: 'SocketList', schemaVersion: 1, sockets: [], diagnostics: [] },
  });
  assert.deepEqual(JSON.parse(run('files', counter, '--deleted', '-o', 'json').stdout).files, []);
  assert.match(run('sockets', counter).stdout, /^PROTO +STATE/);
  assert.equal(run('sockets', counter, '-o', 'jsonl').stdout, '');
});
