/** `stillframe files` and `stillframe sockets` against golden files; UPDATE_GOLDEN=1 writes those anew. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Socket, UnixSocket } from '@stillframe/checkpoint';
import { Command } from 'commander';
import { styleOf } from '../display/style.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import type { Io } from '../io.ts';
import type { FileRow } from '../open-files/row.ts';
import { COLUMNS as FILE_COLUMNS, processNode } from '../open-files/text.ts';
import { COLUMNS as SOCKET_COLUMNS, socketNode } from '../sockets/text.ts';
import type { SocketView } from '../sockets/view.ts';
import { files } from './files.ts';
import { sockets } from './sockets.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const CORPUS = fixture('open-files');

/** The command in this process: what it writes, and its exit code. */
async function run(...args: string[]) {
  const written = { stdout: '', stderr: '' };
  const out = (text: string | Uint8Array) => {
    written.stdout += text;
  };
  const err = (text: string) => {
    written.stderr += text;
  };
  const io: Io = {
    ...{
      out,
      err,
      write: async (text) => out(text),
      env: {},
      colour: false,
      interactive: false,
      answering: false,
      width: 100,
    },
    ...{ width: 100, input: () => assert.fail('nothing is asked of stdin'), signal: new AbortController().signal },
  };
  const program = new Command('stillframe').exitOverride().configureOutput({ writeOut: out, writeErr: err });
  let code: number | undefined;
  for (const register of [files, sockets]) register(program, io, (result) => (code = result ?? 0));
  await program.parseAsync(args, { from: 'user' });
  return { code, ...written };
}

async function golden(name: string, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(...args);
  // The fixture has no pagemaps and no cgroup.img, which is told.
  const others = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('error image-missing in '));
  assert.deepEqual([code, others], [args.includes(CORPUS) ? 4 : 0, []], args.join(' '));
  const path = fileURLToPath(new URL(`../../fixtures/__golden__/${name}`, import.meta.url));
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, stdout);
  assert.equal(stdout, await readFile(path, 'utf8'), name);
}

test('the corpus, which has an fd of nearly every type, is shown as its golden files say', async () => {
  await golden('open-files.files.txt', 'files', CORPUS);
  await golden('open-files.files.tree.txt', 'files', CORPUS, '-o', 'tree', '--pid', '1');
  await golden('open-files.files.json', 'files', CORPUS, '-o', 'json');
  await golden('open-files.sockets.txt', 'sockets', CORPUS);
  await golden('open-files.sockets.long.txt', 'sockets', CORPUS, '--long');
  await golden('open-files.sockets.tree.txt', 'sockets', CORPUS, '-o', 'tree', '--unix');
  await golden('open-files.sockets.json', 'sockets', CORPUS, '-o', 'json');
});

test('redis and its client are shown as their golden files say', async () => {
  await golden('podman-redis.files.txt', 'files', fixture('podman-redis'));
  await golden('podman-redis.sockets.txt', 'sockets', fixture('podman-redis'), '--pid', '6');
});

async function lines(...args: string[]) {
  const { stdout } = await run(...args, '-o', 'jsonl');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

async function json(...args: string[]) {
  return JSON.parse((await run(...args, '-o', 'json')).stdout);
}

test('a line of JSON for each fd, which are those of the document', async () => {
  const rows = await lines('files', CORPUS);
  const { kind, schemaVersion, files: listed } = await json('files', CORPUS);
  assert.deepEqual([kind, schemaVersion, rows[0].kind], ['OpenFileList', 1, 'OpenFile']);
  assert.deepEqual(
    rows.map(({ kind: _kind, schemaVersion: _version, ...row }) => row),
    listed,
  );
  assert.equal((await lines('sockets', CORPUS)).length, (await json('sockets', CORPUS)).sockets.length);
});

test('what is asked for is shown and nothing else', async () => {
  const fds = async (...args: string[]) => (await lines('files', CORPUS, ...args)).map(({ pid, fd }) => `${pid}/${fd}`);
  assert.deepEqual(await fds('--deleted', '--pid', '6'), ['6/6', '6/7']);
  assert.deepEqual(await fds('--type', 'fifo', '--type', 'epoll'), ['1/5', '1/30', '6/5', '6/30']);
  assert.deepEqual(await fds('--type', 'inet', '--pid', '6'), ['6/18', '6/19', '6/20', '6/21', '6/22', '6/23']);
  const inodes = async (...args: string[]) => (await lines('sockets', CORPUS, ...args)).map(({ file }) => file);
  assert.deepEqual(await inodes('--udp'), [33, 34]);
  assert.deepEqual(await inodes('--tcp', '--listening'), [30, 35]);
  assert.deepEqual(await inodes('--unix', '--udp', '--listening'), [24, 26, 33]);
  assert.equal((await inodes('--pid', '6')).length, (await inodes()).length, 'all were inherited');
});

test('a type that is none, and a process that is not there, are refused', async () => {
  await assert.rejects(run('files', CORPUS, '--type', 'door'), /door.*Allowed choices are file/);
  await assert.rejects(run('files', CORPUS, '--pid', '77'), { code: 'ERR_PROCESS_NOT_FOUND' });
  await assert.rejects(run('sockets', CORPUS, '--pid', 'x'), { code: 'ERR_USAGE_ARGUMENT' });
});

test('without any socket or file there is an empty list, whatever the format', async () => {
  const counter = fixture('crio-counter');
  const empty = { kind: 'SocketList', schemaVersion: 1, sockets: [], diagnostics: [] };
  assert.deepEqual(await json('sockets', counter), empty);
  assert.deepEqual((await json('files', counter, '--deleted')).files, []);
  assert.match((await run('sockets', counter)).stdout, /^PROTO +STATE/);
  assert.deepEqual(await lines('sockets', counter), []);
});

test('no name of the evidence can act on the terminal, and none makes a table too wide', () => {
  const hostile = '\x1b[2J\r\u202e\n\x9b'.repeat(100_000);
  const row = { ...ROW, comm: hostile, name: hostile, path: hostile };
  const socket: Socket = { ...SOCKET, name: `/${hostile}`, folder: hostile };
  const view: SocketView = { ...SOCKET, file: 1, comm: hostile, flags: [], holders: ROW.holders, peer: undefined };
  const style = styleOf(false);
  const tables = [renderTable(FILE_COLUMNS, [row]), renderTable(SOCKET_COLUMNS, [{ socket, view }])];
  const trees = [renderTree(processNode(1, hostile, [row], style)), renderTree(socketNode({ socket, view }, style))];
  for (const text of [...tables, ...trees]) assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
  for (const text of tables) assert.ok(text.length < 40_000, `${text.length} characters`);
});

const ABSENT = { state: 'absent', reason: 'not-captured' } as const;

const ROW: FileRow = {
  ...{ pid: 1, comm: 'a', fd: 3, file: 1, type: 'file', name: '/a', path: '/a', closeOnExec: false, flags: [] },
  ...{ size: 0n, position: 0n, mode: undefined, deleted: false, owner: undefined, locks: [], pipe: undefined },
  ...{ peer: undefined, inFlightTo: undefined, target: undefined, sameAs: undefined },
  holders: { count: 1, some: [{ pid: 1, fd: 3 }] },
};

const SOCKET: UnixSocket = {
  ...{ fileId: 1, type: 'stream', flags: 2, namespace: 1, options: {}, owner: undefined, family: 'unix' },
  ...{ receiveQueue: ABSENT, sendQueue: ABSENT, state: 'listen', inode: 1, name: '/a', folder: undefined },
  ...{ deleted: false, permissions: undefined, peerInode: 0, peer: { place: 'none' }, backlog: 1, pending: 0 },
  ...{ messages: 0, inFlight: [], inFlightCount: 0, sendMemory: undefined, shutdown: 'none', external: false },
};
