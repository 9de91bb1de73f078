/** What the issue demands: 1,000 Checkpoints with flat memory, and under one request per object and minute, also while they are made. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { textAt } from '@stillframe/core';
import { openSimulation } from './simulation.fixture.ts';

const OBJECTS = 1000;
const NODES = 20;
/** Bytes that the heap may grow while nothing happens to 1,000 objects, with that of the fake API server. */
const FLAT = 256 << 10;

it('holds 1,000 Checkpoints', async (context) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = () => {
    for (let round = 0; round < 4; round += 1) collect();
    return process.memoryUsage().heapUsed;
  };
  await using simulation = await openSimulation();
  const { api, clock } = simulation;
  for (let index = 0; index < OBJECTS; index += 1) {
    simulation.pod(`web-${index}`, { node: `node-${index % NODES}` });
    simulation.checkpoint(`c-${index}`, { podName: `web-${index}`, retention: { ttl: '30d' } });
  }
  // The fake remembers changes, too, each renewal of the lease among them.
  api.objects.most = 200;
  const begin = clock.now();
  simulation.start('one', { requestsPerSecond: 15 });
  const captured = () =>
    api.objects.all('stillframe.io/checkpoints').filter((each) => textAt(each, 'status', 'phase') === 'Captured')
      .length;
  let minutes = 0;
  let asked = 0;
  const perMinute: number[] = [];
  const minute = async () => {
    await simulation.pass(60_000);
    minutes += 1;
    perMinute.push((api.total - asked) / OBJECTS);
    asked = api.total;
  };
  while (captured() < OBJECTS && minutes < 30) await minute();
  assert.equal(captured(), OBJECTS);
  assert.equal(api.captures.length, OBJECTS);
  assert.equal(new Set(api.captures).size, OBJECTS, 'none of them twice');
  const making = Math.max(...perMinute);
  assert.ok(making < 1, `${making} requests per object in a minute, while they were made`);
  context.diagnostic(
    `made in ${(clock.now() - begin) / 60_000} min, at most ${making.toFixed(2)} requests per object and minute`,
  );

  perMinute.length = 0;
  for (let count = 0; count < 2; count += 1) await minute();
  const heaps: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (let count = 0; count < 3; count += 1) await minute();
    api.bookmark();
    heaps.push(heap());
  }
  const holding = Math.max(...perMinute);
  assert.ok(holding < 0.1, `${holding} requests per object and minute`);
  // What was left of the captures goes at some time, and must not hide what grows: each is held against the one before.
  const grown = heaps.slice(1).map((bytes, index) => bytes - (heaps[index] ?? 0));
  assert.ok(Math.max(...grown) < FLAT, `the heap grows: ${grown.join(', ')} bytes`);
  const shown = grown.map((bytes) => `${(bytes / 1024).toFixed(0)} KiB`).join(', ');
  context.diagnostic(
    `held for ${perMinute.length} min: at most ${holding.toFixed(3)} requests per object and minute, heap in each 3 min more by: ${shown}`,
  );
  assert.equal(api.captures.length, OBJECTS);
});
