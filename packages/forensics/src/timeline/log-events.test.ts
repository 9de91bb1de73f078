import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { logEvents } from './log-events.ts';
import { isoTime } from './time.ts';

async function eventsOf(log: string | Uint8Array) {
  const tally = { untimed: 0, outOfOrder: 0 };
  const batches = await Array.fromAsync(logEvents(bytesSource(Buffer.from(log)), 'ctr.log', tally));
  return { events: batches.flat(), tally };
}

test('lines of CRI and k8s-file, of json-file, and of nobody', async () => {
  const { events, tally } = await eventsOf(
    [
      'a line before any time',
      '2026-01-01T00:00:00.000000001Z stdout F first',
      '2026-01-01T01:00:01.5+01:00 stderr P a part',
      '{"log":"of docker\\n","stream":"stderr","time":"2026-01-01T00:00:02.25Z"}',
      '{"of": "the program"}',
      '2026-01-01T00:00:03Z no engine wrote this',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    events.map(({ time, message, fields, precision }) => [isoTime(time, 3), message, fields?.['stream'], precision]),
    [
      ['2026-01-01T00:00:00.000', 'first', 'stdout', 'nanoseconds'],
      ['2026-01-01T00:00:01.500', 'a part', 'stderr', 'milliseconds'],
      ['2026-01-01T00:00:02.250', 'of docker', 'stderr', 'milliseconds'],
      ['2026-01-01T00:00:02.250', '{"of": "the program"}', undefined, 'milliseconds'],
      ['2026-01-01T00:00:03.000', 'no engine wrote this', undefined, 'seconds'],
    ],
  );
  assert.equal(tally.untimed, 2, 'that before any time is left out, and counted');
  assert.deepEqual(events[0]?.reference, { kind: 'entry', name: 'ctr.log', offset: 23, bytes: 46 });
});

test('two streams side by side are put in order; what comes much too late says so', async () => {
  const line = (second: number, text: string) =>
    `${new Date(second * 1000).toISOString().slice(0, 19)}.000000000Z stdout F ${text}\n`;
  const near = await eventsOf(line(2, 'b') + line(1, 'a') + line(3, 'c'));
  assert.deepEqual(
    near.events.map(({ message }) => message),
    ['a', 'b', 'c'],
  );
  assert.equal(near.tally.outOfOrder, 0);
  const many = Array.from({ length: 40_000 }, (_, i) => line(1000 + i, String(i))).join('');
  const { events, tally } = await eventsOf(many + line(1, 'late'));
  assert.deepEqual([events.length, tally.outOfOrder], [40_001, 1]);
  const late = events.find(({ message }) => message === 'late');
  assert.equal(late?.fields?.['outOfOrder'], true);
});

test('a line without an end comes in parts, and no time in its middle is taken for one', async () => {
  const endless = Buffer.alloc(1 << 20, '2026-01-01T00:00:00Z stdout F x ');
  const { events, tally } = await eventsOf(endless);
  assert.equal(events.length, 16);
  assert.ok(events.every(({ message }) => message.length <= 64 << 10));
  assert.equal(tally.untimed, 0);
});
