/** `stillframe diff` as a user runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const own = (name: string) => fileURLToPath(new URL(`../../../forensics/fixtures/${name}.tar.zst`, import.meta.url));
const [REDIS, CLEAN, BAD] = [fixture('podman-redis'), own('clean'), own('compromised')];

test('a checkpoint differs from itself in nothing', () =>
  atDesk(async ({ run }) => {
    const { code, stdout, stderr } = await run('diff', REDIS, REDIS, '--fail-on-difference');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^before .*\nafter .*\n\nnothing differs\n$/);
  }));

test('the sum of it comes first, then a tree a table', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run('diff', '--sibling', CLEAN, BAD);
    assert.equal(code, 0);
    const sum = stdout.split('\n\n')[1]?.replaceAll('\n', ' ') ?? '';
    assert.match(sum, /^15 processes only in the second, .*1 listener only in the second, .*\d path only in the first/);
    assert.doesNotMatch(sum, /started|new|gone/);
    assert.match(stdout, /^├─ \+ process 23 \(kworker\) .* \(6 open files, 22 mappings, 10 variables\)$/m);
    const long = stdout.split('\n').filter((line) => line.length > 130);
    assert.deepEqual(long, [], 'facts that would make a line too long stand below it');
    assert.match(stdout, /^├─ \+ tcp 0\.0\.0\.0:4444 listen {2}holders \+39\/3$/m);
  }));

test('rows for programs: secrets hidden, tables of choice, and an exit code that says that something differs', () =>
  atDesk(async ({ run }) => {
    const { code, stdout } = await run(
      ...['diff', '--sibling', CLEAN, BAD, '--only', 'environment', '--only', 'rootfs'],
      ...['-o', 'jsonl', '--fail-on-difference', '--no-memory'],
    );
    assert.equal(code, 3);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual([...new Set(rows.map(({ table }) => table))], ['rootfs', 'environment']);
    const secret = rows.find(({ key }) => String(key).endsWith('AWS_SECRET_ACCESS_KEY'));
    if (secret) assert.match(JSON.stringify(secret), /<redacted, \d+ characters>/);
  }));

test('one document of kind CheckpointDiff, with what was looked for in the pages that differ', () =>
  atDesk(async ({ run }) => {
    const { stdout } = await run('diff', '--sibling', CLEAN, BAD, '-o', 'json', '--search', 'stratum+tcp');
    const { kind, rows, matches, summary } = JSON.parse(stdout) as Record<string, never[]> & {
      summary: { processes: { added: number } };
    };
    assert.equal(kind, 'CheckpointDiff');
    assert.equal(summary.processes.added, 15);
    assert.ok((rows?.length ?? 0) > 100);
    assert.ok((matches?.length ?? 0) > 0, 'the arguments of a process that was started');
  }));

test('what two containers differ in by chance is warned of, and a wrong table is a wrong command line', () =>
  atDesk(async ({ run }) => {
    const { code, stderr } = await run('diff', CLEAN, BAD, '--no-memory');
    assert.equal(code, 0);
    assert.match(stderr, /two containers; --sibling/);
    const wrong = await run('diff', CLEAN, BAD, '--only', 'nothing');
    assert.equal(wrong.code, 2);
  }));
