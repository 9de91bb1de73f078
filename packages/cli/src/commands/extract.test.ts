/** `stillframe extract` as a user runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { at, type Desk, PROGRAM } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const REDIS = fixture('podman-redis');
const COUNTER = fixture('crio-counter');

async function extract(desk: Desk, ...args: string[]) {
  const { code, stdout, stderr } = await desk.run('extract', ...args);
  return { status: code, stdout, stderr };
}

test(
  'without a folder it shows what there is, under names by which it can be asked for',
  at(async (desk) => {
    const { status, stdout, stderr } = await extract(desk, REDIS);
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^WHAT +HELD BY +BYTES +NAME\n/);
    assert.match(stdout, /^tcp:1de0f-sent +6\/12 +0 B +127\.0\.0\.1:6379 → 127\.0\.0\.1:59956$/m);
    assert.match(stdout, /^env:6-cmdline +6@0x[0-9a-f]+ +49 B +redis-server$/m);
    assert.match(stdout, /^tmpfs:devshm +- +tar of 1\.50 KiB +\/dev\/shm$/m);
    const { kind, things } = JSON.parse((await extract(desk, REDIS, 'tcp', '--list', '--output', 'json')).stdout);
    assert.equal(kind, 'ExtractableList');
    assert.deepEqual(
      things.map(({ what }: { what: string }) => what),
      ['tcp:1de0e-received', 'tcp:1de0e-sent', 'tcp:1de0f-received', 'tcp:1de0f-sent'],
    );
  }),
);

test(
  'everything lies in the folder and in its list, each file with the hash that it has',
  at(async (desk) => {
    const { status, stdout, stderr } = await extract(desk, COUNTER, '--to', 'out');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^KIND +FILES +BYTES/);
    assert.match(stdout, /with hashes in extracted\.json, in out\n$/);
    const list = JSON.parse(await readFile(join(desk.work, 'out/extracted.json'), 'utf8'));
    assert.deepEqual([list.kind, list.schemaVersion, list.diagnostics], ['ExtractedFileList', 1, []]);
    assert.equal(list.checkpoint.engine, 'cri-o');
    const names = ['extracted.json'];
    for (const { state, file, sha256 } of list.files) {
      if (state !== 'written') continue;
      names.push(file);
      assert.equal(
        createHash('sha256')
          .update(await readFile(join(desk.work, 'out', file)))
          .digest('hex'),
        sha256,
      );
    }
    const found = await readdir(join(desk.work, 'out'), { recursive: true, withFileTypes: true });
    const files = found.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    assert.deepEqual(files.sort(), names.map((name) => join(desk.work, 'out', name)).sort());
    assert.deepEqual(await readdir(desk.work), ['out']);
  }),
);

test(
  'one thing goes to stdout as it is; several do not',
  at(async (desk) => {
    const one = await extract(desk, COUNTER, 'env:6-environ-now', '--to', '-');
    assert.deepEqual([one.status, one.stderr], [0, '']);
    assert.ok(one.stdout.split('\0').includes('TOKEN=s3cr3t'));
    const file = await extract(desk, COUNTER, 'rootfs:cnt', '--to', '-');
    assert.deepEqual([file.status, file.stdout.slice(0, 4)], [0, '1\n2\n']);
    const several = await extract(desk, COUNTER, 'env:6', '--to', '-');
    assert.equal(several.status, 2);
    assert.match(
      several.stderr,
      /these are 3 {2}\[ERR_USAGE_ARGUMENT\]\n {2}name one of env:6-environ, env:6-environ-now, /,
    );
    assert.equal(several.stdout, '');
  }),
);

test(
  'a range of memory that the checkpoint does not hold is told, and gives exit code 4',
  at(async (desk) => {
    const args = [COUNTER, '--pid', '6', 'memory:0x1000-0x3000'];
    const { status } = await extract(desk, ...args, '--to', 'out');
    assert.equal(status, 4);
    const { files } = JSON.parse(await readFile(join(desk.work, 'out/extracted.json'), 'utf8'));
    assert.deepEqual(
      [files[0].file, files[0].absent],
      ['pid-6-1000-3000.bin', [{ offset: 0, bytes: 8192, reason: 'unmapped' }]],
    );
    const piped = await extract(desk, ...args, '--to', '-');
    assert.deepEqual([piped.status, piped.stdout], [4, '\0'.repeat(8192)]);
    assert.match(piped.stderr, /8\.00 KiB of it are not in the checkpoint/);
  }),
);

test(
  'what is over the limit is left out, told, and gives exit code 4',
  at(async (desk) => {
    const { status, stderr } = await extract(desk, COUNTER, 'env', 'log', '--to', 'out', '--limit', '1K');
    assert.equal(status, 4);
    assert.match(stderr, /^log:dump\.log .* is left out: it claims \d+ bytes, \d+ are left of the limit$/m);
  }),
);

test(
  'a folder with something in it stays as it is, and so does one for nothing',
  at(async (desk) => {
    await mkdir(join(desk.work, 'taken'));
    await writeFile(join(desk.work, 'taken/mine'), 'mine');
    for (const [args, code, said] of [
      [['--to', 'taken'], 1, /\[ERR_EXTRACT_FOLDER_TAKEN\]/],
      [['ghost:77', '--to', 'out'], 1, /no ghost:77 {2}\[ERR_EXTRACT_NOT_FOUND\]/],
      [['gost', '--to', 'out'], 2, /"gost" is none of ghost, memfd/],
      [['memory', '--to', 'out'], 2, /memory goes with --pid/],
      [['--pid', '5', '--to', 'out'], 1, /\[ERR_PROCESS_NOT_FOUND\]/],
    ] as const) {
      const { status, stderr } = await extract(desk, COUNTER, ...args);
      assert.deepEqual([status, said.test(stderr)], [code, true], stderr);
      assert.deepEqual(await readdir(desk.work), ['taken']);
    }
    assert.deepEqual(await readdir(join(desk.work, 'taken')), ['mine']);
  }),
);

test(
  'interrupted, it leaves nothing behind',
  at(async (desk) => {
    // A mapping of terabytes that nobody wrote to: hashing its zeroes takes hours.
    const args = [
      COUNTER,
      '--pid',
      '6',
      'memory:0x100000000000-0x200000000000',
      '--limit',
      '0x200000000000',
      '--to',
      'out',
    ];
    const child = spawn(process.execPath, [PROGRAM, 'extract', ...args], {
      cwd: desk.work,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(50)) {
      const [work] = await readdir(desk.work);
      if (work && (await readdir(join(desk.work, work))).includes('pid-6-100000000000-200000000000.bin')) break;
    }
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null]);
    assert.deepEqual(await readdir(desk.work), []);
  }),
);

test(
  'a damaged archive gives what can be read of it',
  at(async (desk) => {
    const bytes = await readFile(COUNTER);
    await writeFile(join(desk.work, 'cut.tar'), bytes.subarray(0, bytes.length - 8192));
    const { status, stderr } = await extract(desk, 'cut.tar', '--partial', '--to', 'out');
    assert.equal(status, 4);
    assert.match(stderr, /archive-truncated/);
    assert.ok((await stat(join(desk.work, 'out/pid-6-environ.bin'))).size > 0);
  }),
);

test(
  'its help names every kind and shows how each is asked for',
  at(async (desk) => {
    const { status, stdout } = await extract(desk, '--help');
    assert.equal(status, 0);
    for (const kind of [
      'ghost',
      'memfd',
      'shm',
      'ipc',
      'tmpfs',
      'pipe',
      'fifo',
      'socket',
      'tcp',
      'tty',
      'env',
      'rootfs',
      'log',
    ])
      assert.match(stdout, new RegExp(`^ {2}${kind} `, 'm'));
  }),
);

test(
  'memory without a process is refused with those that there are',
  at(async (desk) => {
    const { status, stderr } = await extract(desk, REDIS, 'memory:heap', '--to', 'out');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /memory goes with --pid {2}\[ERR_USAGE_ARGUMENT\]\n {2}it holds 1 \(bash\), 6 \(redis-server\)/,
    );
  }),
);

test(
  'a process that wrote its title over its environment is told in the facts',
  at(async (desk) => {
    const { things } = JSON.parse((await extract(desk, REDIS, 'env', '--output', 'json')).stdout);
    const told = new Map(
      things.map(({ what, facts }: { what: string; facts: { overwritten?: boolean } }) => [what, facts.overwritten]),
    );
    assert.deepEqual(
      ['env:6-environ', 'env:6-environ-now', 'env:16-environ', 'env:16-environ-now'].map((what) => told.get(what)),
      [true, true, false, false],
    );
  }),
);
