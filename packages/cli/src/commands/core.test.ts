/** `stillframe core` as a user runs it. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, type Desk } from '../desk.fixture.ts';

const REDIS = fileURLToPath(new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url));

async function core(desk: Desk, ...args: string[]) {
  const { code, stdout, stderr } = await desk.run('core', ...args);
  return { status: code, stdout, stderr };
}

test(
  'one process into a file of the given name, which is told with what it holds',
  at(async (desk) => {
    const { status, stdout, stderr } = await core(desk, REDIS, '--pid', '6', '-o', 'redis.core', '--output', 'json');
    assert.deepEqual([status, stderr], [0, '']);
    const { kind, schemaVersion, cores, diagnostics } = JSON.parse(stdout);
    assert.deepEqual([kind, schemaVersion, diagnostics], ['CoreFileList', 1, []]);
    const [{ pid, comm, path, machine, threads, size, allocated, captured, absent }] = cores;
    assert.deepEqual([pid, comm, machine, threads], [6, 'redis-server', 'x86-64', 6]);
    const written = await stat(join(desk.work, 'redis.core'));
    assert.deepEqual([path, size], [join(desk.work, 'redis.core'), written.size]);
    assert.equal(written.mode & 0o777, 0o600);
    assert.ok(captured > 2_000_000 && allocated >= captured && absent.file > 10_000_000);
  }),
);

test(
  'all processes into a folder, under names made of nothing but their pids',
  at(async (desk) => {
    const { status, stdout } = await core(desk, REDIS, '--all', '--out', 'cores');
    assert.equal(status, 0);
    assert.match(stdout, /^PID +PROCESS +MACHINE +THREADS +CAPTURED +OF FILES +CORE\n/);
    const names = (await readdir(join(desk.work, 'cores'))).sort();
    assert.deepEqual(names, ['core.1', 'core.14', 'core.15', 'core.16', 'core.6']);
    assert.equal((await stat(join(desk.work, 'cores'))).mode & 0o777, 0o700);
  }),
);

test(
  'a file that exists stays as it is',
  at(async (desk) => {
    await writeFile(join(desk.work, 'core.15'), 'mine');
    const { status, stderr } = await core(desk, REDIS, '--pid', '15');
    assert.equal(status, 1);
    assert.match(stderr, /core\.15 exists already {2}\[ERR_FILE_EXISTS\]/);
    assert.equal(await readFile(join(desk.work, 'core.15'), 'utf8'), 'mine');
    assert.deepEqual(await readdir(desk.work), ['core.15']);
  }),
);

test(
  'without a process, with both ways to name one, or with one that is not there, nothing is written',
  at(async (desk) => {
    for (const [args, status, said] of [
      [[], 2, /--pid, or --all.*\[ERR_USAGE_ARGUMENT\]\n {2}it holds 1 \(bash\), 6 \(redis-server\)/],
      [['--pid', '6', '--all'], 2, /\[ERR_USAGE_ARGUMENT\]/],
      [['--pid', '7'], 1, /\[ERR_PROCESS_NOT_FOUND\]/],
    ] as const) {
      const ended = await core(desk, REDIS, ...args);
      assert.equal(ended.status, status, ended.stderr);
      assert.match(ended.stderr, said);
      assert.deepEqual(await readdir(desk.work), []);
    }
  }),
);

test(
  'its help says how gdb is given the container’s own files',
  at(async (desk) => {
    const { status, stdout } = await core(desk, '--help');
    assert.equal(status, 0);
    assert.match(stdout, /gdb -iex 'set sysroot ROOTFS'/);
  }),
);
