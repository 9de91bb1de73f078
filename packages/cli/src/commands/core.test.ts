/** `stillframe core` as a user runs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTemporaryFolder } from '@stillframe/core/file';

const PROGRAM = fileURLToPath(new URL('../../bin/stillframe.mjs', import.meta.url));
const REDIS = fileURLToPath(new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url));

function core(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'core', ...args], { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('one process into a file of the given name, which is told with what it holds', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { status, stdout, stderr } = core(folder.path, REDIS, '--pid', '6', '-o', 'redis.core', '--output', 'json');
  assert.deepEqual([status, stderr], [0, '']);
  const { kind, schemaVersion, cores, diagnostics } = JSON.parse(stdout);
  assert.deepEqual([kind, schemaVersion, diagnostics], ['CoreFileList', 1, []]);
  const [{ pid, comm, path, machine, threads, size, allocated, captured, absent }] = cores;
  assert.deepEqual([pid, comm, machine, threads], [6, 'redis-server', 'x86-64', 6]);
  const written = await stat(join(folder.path, 'redis.core'));
  assert.deepEqual([path, size], [join(folder.path, 'redis.core'), written.size]);
  assert.equal(written.mode & 0o777, 0o600);
  assert.ok(captured > 2_000_000 && allocated >= captured && absent.file > 10_000_000);
});

test('all processes into a folder, under names made of nothing but their pids', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  const { status, stdout } = core(folder.path, REDIS, '--all', '--out', 'cores');
  assert.equal(status, 0);
  assert.match(stdout, /^PID +PROCESS +MACHINE +THREADS +CAPTURED +OF FILES +CORE\n/);
  const names = (await readdir(join(folder.path, 'cores'))).sort();
  assert.deepEqual(names, ['core.1', 'core.14', 'core.15', 'core.16', 'core.6']);
  assert.equal((await stat(join(folder.path, 'cores'))).mode & 0o777, 0o700);
});

test('a file that exists stays as it is', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  await writeFile(join(folder.path, 'core.15'), 'mine');
  const { status, stderr } = core(folder.path, REDIS, '--pid', '15');
  assert.equal(status, 1);
  assert.match(stderr, /core\.15 exists already {2}\[ERR_FILE_EXISTS\]/);
  assert.equal(await readFile(join(folder.path, 'core.15'), 'utf8'), 'mine');
  assert.deepEqual(await readdir(folder.path), ['core.15']);
});

test('without a process, with both ways to name one, or with one that is not there, nothing is written', async () => {
  await using folder = await openTemporaryFolder(tmpdir());
  for (const [args, status, said] of [
    [[], 2, /--pid, or --all.*\[ERR_USAGE_ARGUMENT\]\n {2}it holds 1 \(bash\), 6 \(redis-server\)/],
    [['--pid', '6', '--all'], 2, /\[ERR_USAGE_ARGUMENT\]/],
    [['--pid', '7'], 1, /\[ERR_PROCESS_NOT_FOUND\]/],
  ] as const) {
    const ended = core(folder.path, REDIS, ...args);
    assert.equal(ended.status, status, ended.stderr);
    assert.match(ended.stderr, said);
    assert.deepEqual(await readdir(folder.path), []);
  }
});

test('its help says how gdb is given the container’s own files', () => {
  const { status, stdout } = core(tmpdir(), '--help');
  assert.equal(status, 0);
  assert.match(stdout, /gdb -iex 'set sysroot ROOTFS'/);
});
