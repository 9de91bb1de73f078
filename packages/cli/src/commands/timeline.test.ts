/** `stillframe timeline` as a user runs it. */
import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeCapture } from '@stillframe/evidence';
import { atDesk } from '../desk.fixture.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../../../checkpoint/fixtures/${name}.tar`, import.meta.url));
const [COUNTER, REDIS] = [fixture('containerd-counter'), fixture('podman-redis')];
const COMPROMISED = fileURLToPath(new URL('../../../forensics/fixtures/compromised.tar.zst', import.meta.url));
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);

test('log, files, container and capture are in the order of time, and what is not recorded is told', () =>
  atDesk(async ({ run }) => {
    const { code, stdout, stderr } = await run('timeline', COUNTER);
    assert.equal(code, 0);
    const times = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(0, 27));
    assert.deepEqual(times, times.toSorted());
    assert.match(stdout, /^2026-11-23T23:09:51\.919063Z {2}container created +container counter was created$/m);
    assert.match(stdout, /^2026-11-23T23:09:52\.997746Z {2}log +written +count 2$/m);
    assert.match(stdout, /^2026-11-23T23:09:56\.034074Z~ capture +frozen +all processes stand still$/m);
    assert.match(stdout, /^2026-11-23T23:09:51\.000000Z= file +modified +\/etc\/hosts$/m);
    assert.match(stderr, /^not recorded: when processes were started: images of CRIU have no start times$/m);
  }));

test('a deleted file is told by its name, and the pause that the archive itself records is no gap', () =>
  atDesk(async ({ run }) => {
    const { stdout, stderr } = await run('timeline', COMPROMISED, '-o', 'jsonl');
    const events = lines(stdout) as unknown as { message: string; reference?: string; fields?: object }[];
    const deleted = events.find(({ reference }) => reference === 'image/ghost-file-3.img');
    assert.equal(deleted?.message, '/tmp/.x/payload.bin (deleted), kept in ghost-file-3.img');
    assert.deepEqual(deleted?.fields, { path: '/tmp/.x/payload.bin' });
    assert.ok(events.some(({ fields }) => fields && 'pauseMicroseconds' in fields));
    assert.doesNotMatch(stderr, /pause/);
  }));

test('a part of it: by time and by source', () =>
  atDesk(async ({ run }) => {
    const some = ['--source', 'log', '--from', '2026-11-23T23:09:53Z', '--to', '2026-11-23T23:09:55.000327412Z'];
    const { stdout } = await run('timeline', COUNTER, ...some, '-o', 'jsonl');
    assert.deepEqual(
      lines(stdout).map(({ message }) => message),
      ['count 3'],
    );
    const shifted = await run('timeline', COUNTER, '--source', 'log', '--clock-offset', '-1.5', '-o', 'jsonl');
    assert.equal(lines(shifted.stdout)[0]?.['time'], '2026-11-23T23:09:53.493581327Z');
    assert.equal((await run('timeline', COUNTER, '--from', 'yesterday')).code, 2);
    assert.equal((await run('timeline', COUNTER, '--source', 'nothing')).code, 2);
  }));

test('lines that Timesketch takes, and lines as Plaso writes them', () =>
  atDesk(async ({ run }) => {
    const sketch = lines((await run('timeline', COUNTER, REDIS, '-o', 'timesketch')).stdout);
    for (const { message, datetime = '', timestamp, timestamp_desc, data_type } of sketch) {
      assert.ok(message !== undefined && timestamp_desc && data_type);
      assert.match(datetime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
      assert.equal(Math.floor(Number(timestamp) / 1000), Date.parse(`${datetime.slice(0, 23)}Z`));
    }
    const plaso = lines((await run('timeline', COUNTER, '--source', 'file', '-o', 'plaso')).stdout);
    assert.ok(plaso.length > 3);
    for (const event of plaso as unknown as Record<string, { timestamp: number }>[]) {
      assert.equal(event['__container_type__'], 'event');
      assert.equal(event['date_time']?.timestamp, event['timestamp']);
      assert.equal(event['timestamp_desc'], 'Content Modification Time');
    }
  }));

test('what the evidence says of the capture is part of it', () =>
  atDesk(async ({ run, work }) => {
    const archive = join(work, 'counter.tar');
    await copyFile(COUNTER, archive);
    const statement = encodeCapture({
      archive: { name: 'counter.tar', digest: `sha256:${'0'.repeat(64)}`, size: 1 },
      container: { id: 'c', name: 'counter', podName: 'p', kubeNamespace: 'n', image: 'i', imageID: 'i' },
      ...{ versions: { stillframe: '0' }, node: { hostname: 'h', kernel: 'k' }, options: {}, notCaptured: [] },
      ...{ startedAt: '2026-11-23T23:09:56.01Z', finishedAt: '2026-11-23T23:09:57Z' },
      pause: { truePause: 1234, dump: 1000, rootfsDiff: 0 },
    });
    await writeFile(`${archive}.evidence.json`, statement);
    const { stdout } = await run('timeline', archive, '--source', 'capture', '-o', 'json');
    const { kind, events } = JSON.parse(stdout) as { kind: string; events: Record<string, unknown>[] };
    assert.equal(kind, 'Timeline');
    const begin = events.find(({ description }) => description === 'capture begins');
    assert.deepEqual(
      [begin?.['time'], begin?.['clock'], begin?.['fields']],
      ['2026-11-23T23:09:56.010000000Z', 'statement', { pauseMicroseconds: 1234 }],
    );
    assert.ok(events.some(({ description }) => description === 'capture ends'));
  }));
