/** Two checkpoints of one running container to which little happens in between: all of that is told, and nothing else. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Checkpoint, openCheckpoint } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { type CheckpointDiff, compareCheckpoints, type DiffRow, searchChanged } from '@stillframe/forensics';
import { needs } from '@stillframe/testkit';
import { type CriLab, openCriLab } from './lab.ts';
import { waitForLine } from './log-lines.ts';

const PROGRAM = fileURLToPath(new URL('programs/changing.c', import.meta.url));
const SHA256_OF_WRITTEN = 'sha256:d9ed84a15ec3aa6e344981cb5b92da385361d08a8b6e579c73ce716e55cdecab';

describe('what happens between two checkpoints', needs('checkpoint', 'docker-registry', 'gcc'), () => {
  let lab: CriLab;
  let archives: readonly [string, string];
  let checkpoints: readonly [Checkpoint, Checkpoint];
  let diff: CheckpointDiff;
  let rows: readonly DiffRow[];
  let planted: bigint;

  before(async () => {
    lab = await openCriLab();
    const program = join(lab.folder, 'changing');
    await execute(['gcc', '-O2', '-static', '-o', program, PROGRAM]);
    const { stdout } = await lab.stillframe.atNode(
      ['run', 'default/changing/program', '--output', 'json'],
      ['--image', lab.image, '--mount', `${program}:/changing:ro`, '--', '/changing'],
    );
    const { logPath, containerID } = JSON.parse(stdout) as { logPath: string; containerID: string };
    const capture = async () =>
      (await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/changing/program'])).archive;
    await waitForLine(logPath, 'ready', 20);
    const first = await capture();
    const signalled = await lab.cri.runtime.execSync({
      ...{ containerId: containerID, cmd: ['sh', '-c', 'kill -USR1 1'], timeout: 30n },
    });
    assert.equal(signalled.exitCode, 0);
    await waitForLine(logPath, 'done', 20);
    archives = [first, await capture()];
    planted = BigInt(/ F (0x[0-9a-f]+)$/m.exec(await readFile(logPath, 'utf8'))?.[1] ?? 0);
    checkpoints = [await openCheckpoint(archives[0]), await openCheckpoint(archives[1])];
    diff = await compareCheckpoints(...checkpoints, { rules: true });
    rows = [...diff.rows()];
  });
  after(async () => {
    for (const checkpoint of checkpoints ?? []) await checkpoint[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const told = (table: string) =>
    rows.filter((row) => row.table === table && !row.withProcess).map(({ change, label }) => `${change} ${label}`);

  test('the process that started, the listener, the file with its digest: each once', () => {
    assert.match(told('processes').join(), /^added process \d+ \(changing\)$/);
    assert.deepEqual(told('sockets'), ['added tcp 0.0.0.0:7777 listen']);
    assert.deepEqual(told('files'), ['added 0.0.0.0:7777 listen']);
    // CRIU made a folder in /tmp for a moment when the first one was taken, and took it away.
    const timesAlone = rows.filter(({ after = {} }) => Object.keys(after).join() === 'modified').map(({ key }) => key);
    assert.ok(
      timesAlone.every((path) => path === '/tmp'),
      timesAlone.join(),
    );
    assert.deepEqual(
      told('rootfs').filter((row) => !row.endsWith(' /tmp')),
      ['added /root-of-all'],
    );
    const written = rows.find(({ key, table }) => table === 'rootfs' && key === '/root-of-all');
    assert.equal(written?.after?.['sha256'], SHA256_OF_WRITTEN);
  });

  test('the page that was written to, and of other memory only what the program cannot help to write', async () => {
    const pages = rows.filter(({ table }) => table === 'pages');
    const holds = (row: DiffRow) => {
      const at = row.references.after;
      return at?.kind === 'memory' && at.address <= planted && planted < at.address + BigInt(at.bytes) ? at : undefined;
    };
    assert.deepEqual(
      pages.map(holds).filter((at) => at !== undefined),
      [{ kind: 'memory', pid: 1, address: planted, bytes: 4096 }],
      'its neighbours did not change',
    );
    const others = pages.filter((row) => !holds(row)).map(({ label }) => label);
    assert.ok(
      others.every((label) => ['/changing', 'heap', 'stack', 'anonymous'].includes(label)),
      others.join(),
    );
    assert.ok(pages.reduce((sum, { after }) => sum + Number(after?.['pages']), 0) < 20, 'of two thousand');
    const pattern = { kind: 'literal', bytes: Buffer.from('planted in a page') } as const;
    const found = await Array.fromAsync(
      searchChanged(checkpoints[1], diff.changed ?? assert.fail(), [{ id: 'planted', pattern }]),
    );
    assert.ok(found.some(({ pid, address }) => pid === 1 && address === planted + 10n));
  });

  test('nothing else', () => {
    for (const table of ['container', 'mounts', 'environment', 'mappings']) assert.deepEqual(told(table), [], table);
    const findings = told('findings');
    assert.equal(findings.filter((finding) => /^added .* 7777/.test(finding)).length, 1);
    // What is said of all processes is said of one more.
    const others = findings.filter((finding) => !/^added .* 7777/.test(finding));
    assert.ok(
      others.every((finding) => finding.startsWith('changed ')),
      others.join(),
    );
    assert.deepEqual(diff.notCompared, []);
  });

  test('a history knows when the listener came; a timeline has the log', async () => {
    const [first, second] = archives;
    const { rows: seen } = await lab.stillframe.read<{ rows: { first: { checkpoint: string }; in: string[] }[] }>([
      ...['history', second, first, '--socket', ':7777', '--string', 'planted in a page', '--file', '/root-of-all'],
    ]);
    assert.deepEqual(
      seen.map((row) => row.in),
      [[second], [second], [second]],
    );
    const { events } = await lab.stillframe.read<{ events: { description: string; message: string }[] }>([
      'timeline',
      second,
    ]);
    const order = events.map(({ message, description }) => `${description} ${message}`);
    const at = (text: string) => order.findIndex((line) => line.includes(text));
    const places = ['created container', 'written ready', 'written done', 'capture begins', 'capture ends'].map(at);
    assert.ok(
      places.every((place, i) => place >= 0 && place > (places[i - 1] ?? -1)),
      `${places}: ${order.join('\n')}`,
    );
  });
});
