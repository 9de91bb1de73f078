/** `stillframe history` as a user runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { atDesk } from '../desk.fixture.ts';

const own = (name: string) => fileURLToPath(new URL(`../../../forensics/fixtures/${name}.tar.zst`, import.meta.url));
/** The compromised one was captured a second before the other. */
const [CLEAN, BAD] = [own('clean'), own('compromised')];

test('each thing that is asked for is told with its first and its last time, in the order of capture', () =>
  atDesk(async ({ run }) => {
    const questions = [
      '--socket',
      ':4444',
      '--process',
      '/tmp/.x/kworker',
      '--file',
      '/etc/passwd',
      '--process',
      'nobody',
    ];
    const { code, stdout, stderr } = await run('history', CLEAN, BAD, ...questions, '--path', '/var/log/service.log');
    assert.equal(code, 0);
    assert.match(stderr, /out of order/);
    assert.match(stderr, /of 2 different containers/);
    assert.match(stdout, /^ 1 +\S+Z +compromised\.tar\.zst\n 2 +\S+Z +clean\.tar\.zst$/m);
    assert.match(stdout, /^socket :4444 +tcp 0\.0\.0\.0:4444 listen +1 +1 +1 of 2 +socket\/\d+$/m);
    assert.match(stdout, /^file \/etc\/passwd +\/etc\/passwd sha256:[0-9a-f]{12}… /m);
    assert.match(stdout, /^open file .* 1 +2 +2 of 2 /m);
    assert.match(stdout, /^process nobody +in none +- +- +0 of 2 +-$/m);
  }));

test('memory is asked for texts, bytes and the contents of a page', () =>
  atDesk(async ({ run }) => {
    const asked = ['--string', 'stratum+tcp', '--hex', '7374726174??6d', '-o', 'json'];
    const { stdout } = await run('history', BAD, CLEAN, ...asked);
    const { kind, rows, warnings } = JSON.parse(stdout) as {
      kind: string;
      rows: { in: string[]; reference: string }[];
      warnings: string[];
    };
    assert.deepEqual([kind, warnings], ['CheckpointHistory', ['of 2 different containers']]);
    assert.deepEqual(
      rows.map((row) => row.in),
      [[BAD], [BAD]],
    );
    const [, pid, address] = /^memory\/(\d+)\/(0x[0-9a-f]+)\+/.exec(rows[0]?.reference ?? '') ?? [];
    const page = await run('history', BAD, BAD, '--page', `${pid}:${address}`);
    assert.match(page.stdout, /sha256:[0-9a-f]{12}… .* 2 of 2 /);
  }));

test('without a question it is told what appeared in each', () =>
  atDesk(async ({ run }) => {
    const { stdout } = await run('history', BAD, CLEAN, '-o', 'jsonl');
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    assert.ok(rows.every(({ kind, checkpoint, after }) => kind === 'Appeared' && checkpoint === CLEAN && after));
    assert.ok(rows.some(({ table, key }) => table === 'rootfs' && key === '/tmp/upload-1'));
    assert.ok(!rows.some(({ table, key }) => table === 'rootfs' && key === '/dev'), 'its time alone is another');
  }));

test('one checkpoint is no history, and a question that cannot be understood says so', () =>
  atDesk(async ({ run }) => {
    for (const words of [[], [CLEAN, '--socket', '3'], [CLEAN, '--page', '7'], [CLEAN, '--hex', 'zz']])
      assert.equal((await run('history', BAD, ...words)).code, 2, words.join(' '));
  }));
