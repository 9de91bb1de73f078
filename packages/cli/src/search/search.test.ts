import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { atDesk, type Desk } from '../desk.fixture.ts';

const FIXTURE = new URL('../../../checkpoint/fixtures/podman-redis.tar', import.meta.url).pathname;
const execute = promisify(execFile);

interface Match {
  pid: number;
  address: string;
  bytes: number;
  pattern: string;
  context: string;
}

async function matches(desk: Desk, ...args: string[]): Promise<Match[]> {
  const { code, stdout, stderr } = await desk.run('search', FIXTURE, ...args, '--output', 'json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).matches;
}

/** Memory of a process as `extract` takes it out, with its address; mappings that touch are one. */
async function extracted(desk: Desk, pid: number): Promise<{ start: bigint; bytes: Buffer }[]> {
  await desk.run('extract', FIXTURE, 'memory', '--pid', String(pid), '--to', 'out');
  const files = (await readdir(join(desk.work, 'out'), { recursive: true })).flatMap((name) => {
    const [, start, end] = /pid-\d+-([0-9a-f]+)-([0-9a-f]+)\.bin$/.exec(name) ?? [];
    return start === undefined ? [] : [{ name, start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) }];
  });
  const found: { start: bigint; bytes: Buffer }[] = [];
  for (const { name, start } of files.sort((a, b) => Number(a.start - b.start))) {
    const bytes = await readFile(join(desk.work, 'out', name));
    const last = found.at(-1);
    if (last !== undefined && last.start + BigInt(last.bytes.length) === start)
      last.bytes = Buffer.concat([last.bytes, bytes]);
    else found.push({ start, bytes });
  }
  return found;
}

test('what is found is what grep finds in the memory that was taken out', () =>
  atDesk(async (desk) => {
    const pid = 6;
    const cases = [
      [['user:1'], 'user:1'],
      [['redis'], 'redis'],
      [['REDIS', '-i'], '(?i)redis'],
      [['[a-z]{3,8}:[0-9]+', '-E'], '[a-z]{3,8}:[0-9]+'],
      [['--hex', '72 65 64 [1-3] 2d'], 'red(?s:.{1,3}?)-'],
    ] as const;
    const expected = cases.map((): string[] => []);
    const memory = await extracted(desk, pid);
    assert.ok(memory.length > 1);
    for (const { start, bytes } of memory) {
      const path = join(desk.work, 'stretch');
      await writeFile(path, bytes);
      for (const [i, [, expression]] of cases.entries()) {
        const { stdout } = await execute('grep', ['-obUaP', expression, path], {
          env: { LC_ALL: 'C' },
          encoding: 'latin1',
          maxBuffer: 1 << 26,
        }).catch((error) => error);
        const offsets = [...String(stdout).matchAll(/^(\d+):/gm)].map(([, offset = '']) => BigInt(offset));
        expected[i]?.push(...offsets.map((offset) => `0x${(start + offset).toString(16)}`));
      }
    }
    for (const [i, [args]] of cases.entries()) {
      const found = await matches(desk, ...args, '--pid', `${pid}`, '--limit', '100000');
      assert.ok(found.length > 0, args.join(' '));
      assert.deepEqual(
        found.map(({ address }) => address),
        expected[i],
        args.join(' '),
      );
    }
  }));

test('several patterns are found in one pass, each match says which; --count adds them up', () =>
  atDesk(async (desk) => {
    const found = await matches(desk, '-e', 'hunter2', '-e', 'card', '--limit', '100000');
    const { stdout } = await desk.run('search', FIXTURE, 'card', '-e', 'hunter2', '--count', '--output', 'json');
    const { kind, counts } = JSON.parse(stdout);
    assert.equal(kind, 'MemoryMatchCounts');
    for (const { pattern, pid, matches: count } of counts)
      assert.equal(count, found.filter((match) => match.pattern === pattern && match.pid === pid).length);
    assert.equal(
      counts.reduce((sum: number, { matches: count }: { matches: number }) => sum + count, 0),
      found.length,
    );
    const table = await desk.run('search', FIXTURE, 'card', '-e', 'hunter2', '--count');
    assert.match(table.stdout, /^MATCHES +PID +PROCESS +PATTERN\n +\d+ +1 +bash +card$/m);
    assert.match(table.stderr, /^\d+ matches in 5 processes; .* searched in /);
  }));

test('filters choose where is looked; what is wrong with one is told', () =>
  atDesk(async (desk) => {
    const all = await matches(desk, 'hunter2');
    const heaps = await matches(desk, 'hunter2', '--type', 'heap');
    const stacks = await matches(desk, 'hunter2', '--type', 'stack,vdso');
    assert.ok(heaps.length > 0 && stacks.length > 0 && heaps.length + stacks.length <= all.length);
    assert.deepEqual(await matches(desk, 'hunter2', '--backing', 'heap'), heaps);
    assert.deepEqual(await matches(desk, 'hunter2', '--protection', 'x'), []);
    const [first] = all;
    const range = `${first?.address}-${`0x${(BigInt(first?.address ?? 0) + 7n).toString(16)}`}`;
    assert.deepEqual(await matches(desk, 'hunter2', '--address', range, '--pid', `${first?.pid}`), [
      { ...first, context: 'hunter2', contextOffset: 0 },
    ]);
    for (const wrong of [
      ['--type', 'heaps'],
      ['--protection', 'q'],
      ['--address', '5'],
      ['--address', '0x20-0x10'],
      ['--context', '5000'],
      ['--hex', '--wide'],
      ['--count', '--output', 'hex'],
    ]) {
      const { code, stdout, stderr } = await desk.run('search', FIXTURE, '00', ...wrong);
      assert.deepEqual([code, stdout], [2, ''], wrong.join(' '));
      assert.notEqual(stderr, '');
    }
    assert.equal((await desk.run('search', FIXTURE)).code, 2);
  }));

test('a hexadecimal dump shows what is around a match, at its address', () =>
  atDesk(async (desk) => {
    const { stdout } = await desk.run(
      'search',
      FIXTURE,
      'REDIS_PASSWORD',
      '--limit',
      '1',
      '--output',
      'hex',
      '--context',
      '4',
    );
    const [head = '', line = ''] = stdout.split('\n');
    const [, address = ''] = /^1 bash {2}(0x[0-9a-f]+)\+14 {2}rw- heap {2}REDIS_PASSWORD$/.exec(head) ?? [];
    assert.ok(address !== '', head);
    assert.equal(BigInt(line.split(' ')[0] ?? 0), BigInt(address) - 4n);
    assert.match(stdout, /REDIS_PASSWORD|REDIS_PAS/);
  }));
