/** What a collector tells of itself, and when it counts as stuck. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servePlainHttp } from '../node/plain-http.ts';
import { backoff } from './backoff.ts';
import { CollectorFigures } from './figures.ts';

test('archives are told by state, and how old the oldest is that waits', async () => {
  const figures = new CollectorFigures();
  const now = Date.now();
  figures.looked(
    [
      { state: 'placed', size: 10, time: now - 9000_000 },
      { state: 'failed', size: 20, time: now - 60_000 },
      { state: 'failed', size: 30, time: now - 30_000 },
    ],
    now,
  );
  const { body } = await figures.text();
  for (const line of [
    'stillframe_collector_archives{state="placed"} 1',
    'stillframe_collector_archives_bytes{state="failed"} 50',
    'stillframe_collector_archives{state="refused"} 0',
    'stillframe_collector_oldest_waiting_seconds 60',
  ])
    assert.ok(body.includes(line), line);
});

test('one in which nothing moves is not healthy, whatever the reason; one that waits for its destination is', async () => {
  const figures = new CollectorFigures();
  let now = Date.now();
  const silence = () => figures.silence(now);
  await using served = await servePlainHttp({ host: '127.0.0.1', port: 0 }, () => figures.text(), silence);
  const status = async () => (await fetch(`${served.url}/healthz`)).status;
  figures.looked([{ state: 'failed', size: 1, time: now }]);
  assert.equal(await status(), 200);
  now += 11 * 60_000;
  assert.equal(await status(), 503);
  assert.match(figures.silence(now) ?? '', /nothing has moved for 6\d\d s/);
});

test('pauses double up to five minutes, and half of each is chance', () => {
  assert.deepEqual(
    [1, 2, 3, 9, 10, 1000].map((failures) => backoff(failures, () => 1)),
    [1000, 2000, 4000, 256_000, 300_000, 300_000],
  );
  assert.equal(
    backoff(3, () => 0),
    2000,
  );
});
