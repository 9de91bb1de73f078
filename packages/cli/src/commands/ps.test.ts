/** `stillframe ps` and `stillframe env` as a user runs them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const REDIS = fixture('podman-redis');

test('ps is a row a process; --long and --threads tell more of each', () =>
  atDesk(async ({ run }) => {
    const short = await run('ps', REDIS);
    assert.deepEqual([short.code, short.stderr], [0, '']);
    assert.match(short.stdout, /^PID +PPID +USER +STATE +THREADS +COMMAND\n/);
    assert.match(short.stdout, /^ +6 +1 +0 +alive +6 +'redis-server \*:6379'$/m);
    const long = await run('ps', REDIS, '--long');
    assert.match(
      long.stdout,
      /^ +6 .* 1 +1 +- +0 +0 +OTHER +filter +no +11: CHOWN,DAC_OVERRIDE,FOWNER \+8 +- +'redis-server/m,
    );
    const threads = await run('ps', REDIS, '--threads');
    assert.match(threads.stdout, /^ +6 +11 +0 +alive +jemalloc_bg_thd +filter +- +all but SIGRT0,SIGRT1$/m);
    assert.equal(threads.stdout.trimEnd().split('\n').length, 11);
  }));

test('ps as a tree has children below their parents', () =>
  atDesk(async ({ run }) => {
    const { stdout } = await run('ps', REDIS, '-o', 'tree', '--threads');
    assert.match(stdout, /^\[1\] bash /);
    assert.match(stdout, /^│ {2}├─ \{8\} bio_close_file$/m);
    assert.match(stdout, /^ {3}└─ \[16\] redis-cli redis-cli subscribe news$/m);
  }));

test('ps of one process shows it whole', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run('ps', REDIS, '--pid', '6');
    assert.equal(code, 0);
    const titles = [...stdout.matchAll(/^[├└]─ (\S+)/gm)].map(([, title]) => title);
    assert.deepEqual(titles, ['Process', 'Credentials', 'Capabilities', 'Signals', 'Limits', 'Threads', 'Seccomp']);
    for (const line of [
      'effective: CAP_CHOWN, CAP_DAC_OVERRIDE',
      'SIGTERM: handler 0x',
      'RLIMIT_NOFILE: ',
      'In call: epoll_wait',
      '{9} bio_aof',
      'Any other number: ERRNO(ENOSYS)',
      '  15  jeq #0xc000003e, 17, 16      ; x86_64',
    ])
      assert.ok(stdout.includes(line), line);
    assert.equal((await run('ps', REDIS, '--pid', '7')).code, 1);
  }));

test('ps as JSON holds everything; registers and programs where processes are named', () =>
  atDesk(async ({ run }) => {
    const all = JSON.parse((await run('ps', REDIS, '--output', 'json')).stdout);
    assert.deepEqual([all.kind, all.schemaVersion, all.processes.length], ['ProcessList', 1, 5]);
    assert.deepEqual(all.diagnostics, []);
    const [, redis] = all.processes;
    assert.deepEqual(redis.arguments.values, ['redis-server *:6379']);
    assert.equal(redis.threads[0].facts.credentials.capabilities.effective.mask, '0x800405fb');
    assert.equal(redis.registers, undefined);
    const lines = (await run('ps', REDIS, '--output', 'jsonl', '--pid', '6,15')).stdout.trimEnd().split('\n');
    const [one, other] = lines.map((line) => JSON.parse(line));
    assert.deepEqual([one.kind, one.pid, other.pid, lines.length], ['Process', 6, 15, 2]);
    assert.match(one.registers[0].general.rip, /^0x7f[0-9a-f]{10}$/);
    assert.deepEqual(one.seccomp[0].tids, [6, 8, 9, 10, 11, 12]);
    assert.equal(one.seccomp[0].filters[0].program[13].comment, 'ERRNO(ENOSYS)');
  }));

test('env compares now, start and container; secrets are hidden unless they are asked for', () =>
  atDesk(async ({ run }) => {
    const hidden = await run('env', REDIS);
    assert.deepEqual([hidden.code, hidden.stderr], [0, '']);
    assert.doesNotMatch(hidden.stdout, /hunter2/);
    assert.match(
      hidden.stdout,
      /^6 redis-server {2}the process has written over its environment; `stillframe search .*$/m,
    );
    assert.match(hidden.stdout, /^unknown +unknown +REDIS_PASSWORD=<redacted, 7 characters>$/m);
    const shown = await run('env', REDIS, '--pid', '16', '--show-secrets');
    assert.match(shown.stdout, /^16 redis-cli\nSINCE START +CONTAINER +VARIABLE\n/);
    assert.match(shown.stdout, /^kept +same +REDIS_PASSWORD=hunter2$/m);
    assert.match(shown.stdout, /^kept +not +SHLVL=1$/m);
    const json = await run('env', REDIS, '--output', 'json');
    assert.doesNotMatch(json.stdout, /hunter2/);
    const { kind, declared, processes } = JSON.parse(json.stdout);
    assert.deepEqual([kind, declared.length, processes.length], ['EnvironmentList', 6, 5]);
    assert.equal(processes[0].vector.entries[2].text, 'REDIS_PASSWORD=<redacted, 7 characters>');
    assert.deepEqual(processes[0].block.values[0], 'TERM=xterm');
  }));
