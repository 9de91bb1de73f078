import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { at, silentLogger, textAt } from '@stillframe/core';
import { openClusterApi } from '@stillframe/kubernetes';
import { type FakeApi, openFakeApi } from '../fake-api.fixture.ts';
import { openFakeClock } from '../fake-clock.fixture.ts';
import { Refusal } from '../fake-objects.fixture.ts';
import { EventRecorder } from './recorder.ts';

describe('events', () => {
  const clock = openFakeClock();
  const { signal } = new AbortController();
  const about = { kind: 'Checkpoint', kubeNamespace: 'shop', name: `${'a'.repeat(199)}-b`, uid: 'u1' };
  let api: FakeApi;
  before(async () => {
    api = await openFakeApi(clock);
  });
  after(() => api[Symbol.asyncDispose]());
  const recorder = () => new EventRecorder(openClusterApi(api.access), clock, silentLogger, 'one');

  it('that come again within ten minutes are one that counts, written now and then', async () => {
    const events = recorder();
    for (let count = 0; count < 50; count += 1) {
      await events.record(about, { type: 'Warning', reason: 'Bad', message: 'evil\u202e text\n' }, signal);
      await clock.advance(5000);
    }
    const [event, ...others] = api.objects.all('events');
    assert.equal(others.length, 0);
    assert.equal(textAt(event, 'message'), 'evil\\u202e text\\n');
    assert.equal(at(event, 'count'), 49, 'the last time that it was written');
    assert.ok(api.total < 5, `${api.total} requests`);
    assert.match(textAt(event, 'metadata', 'name'), /^a{199}\.[0-9a-f]{16}\.[0-9a-z]+$/);
    await clock.advance(600_000);
    await events.record(about, { type: 'Warning', reason: 'Bad', message: 'evil\u202e text\n' }, signal);
    assert.equal(api.objects.all('events').length, 2);
  });

  it('that cannot be written are no failure', async () => {
    api.before = () => {
      throw new Refusal(403, 'Forbidden', 'no');
    };
    await recorder().record(about, { type: 'Normal', reason: 'Good', message: 'x'.repeat(100_000) }, signal);
  });
});
