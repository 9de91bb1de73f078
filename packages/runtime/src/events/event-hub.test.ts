import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SandboxRecord } from '../store/records.ts';
import { EventHub, type NodeEvent } from './event-hub.ts';

const sandbox = { id: 's' } as SandboxRecord;
const event = (id: string): NodeEvent => ({ kind: 'created', id, sandbox, at: '0' });

test('a listener hears what happens from its subscription on, also before its first look', async () => {
  const hub = new EventHub();
  hub.emit(event('before'));
  const events = hub.subscribe(new AbortController().signal);
  hub.emit(event('one'));
  hub.emit(event('two'));
  hub.close();
  assert.deepEqual(
    (await Array.fromAsync(events)).map(({ id }) => id),
    ['one', 'two'],
  );
  assert.equal(hub.listeners, 0);
});

test('a listener that waits is woken, by an event and by its own end', async () => {
  const hub = new EventHub();
  const stop = new AbortController();
  const events = hub.subscribe(stop.signal);
  const next = events.next();
  await new Promise(setImmediate);
  hub.emit(event('one'));
  assert.equal((await next).value?.id, 'one');
  const last = events.next();
  await new Promise(setImmediate);
  stop.abort();
  assert.equal((await last).done, true);
  assert.equal(hub.listeners, 0);
});

test('one that is too slow is cut off with a reason; others hear everything', async () => {
  const hub = new EventHub();
  const slow = hub.subscribe(new AbortController().signal);
  const quick = hub.subscribe(new AbortController().signal);
  for (let i = 0; i < 1100; i += 1) {
    hub.emit(event(String(i)));
    assert.equal((await quick.next()).value?.id, String(i));
  }
  let heard = 0;
  const all = (async () => {
    for await (const _event of slow) heard += 1;
  })();
  await assert.rejects(all, { code: 'ERR_EVENTS_OVERRUN', kind: 'resource-exhausted' });
  assert.equal(heard, 1024);
  assert.equal(hub.listeners, 1);
});

test('leaving the loop ends the subscription', async () => {
  const hub = new EventHub();
  const events = hub.subscribe(new AbortController().signal);
  hub.emit(event('one'));
  for await (const _event of events) break;
  assert.equal(hub.listeners, 0);
});
