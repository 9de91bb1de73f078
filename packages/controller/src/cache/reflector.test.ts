import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type JsonObject, silentLogger, textAt } from '@stillframe/core';
import { openClusterApi } from '@stillframe/kubernetes';
import { type FakeApi, openFakeApi } from '../fake-api.fixture.ts';
import { openFakeClock } from '../fake-clock.fixture.ts';
import { Refusal } from '../fake-objects.fixture.ts';
import { reflect } from './reflector.ts';
import { Store } from './store.ts';

describe('a list that is followed', () => {
  const clock = openFakeClock();
  let api: FakeApi;
  let ending: AbortController;
  let store: Store<string>;
  let following: Promise<unknown>;

  before(async () => {
    api = await openFakeApi(clock);
    for (let index = 0; index < 1200; index += 1) make(`pod-${index}`);
  });
  after(async () => {
    ending.abort(new Error('over'));
    await following;
    await api[Symbol.asyncDispose]();
  });
  const address = (name?: string) => ({ resource: 'pods', kubeNamespace: 'shop', name });
  const make = (name: string) => api.objects.create(address(), { metadata: { name, namespace: 'shop' } });
  const start = () => {
    [ending, store] = [new AbortController(), new Store<string>()];
    const decode = (document: JsonObject) => textAt(document, 'metadata', 'name');
    const reflection = {
      api: openClusterApi(api.access),
      path: '/api/v1/pods',
      store,
      decode,
      clock,
      log: silentLogger,
    };
    following = reflect({ ...reflection, random: () => 0.5 }, ending.signal).catch(() => undefined);
  };
  const until = async (isSo: () => boolean) => {
    for (let step = 0; step < 400; step += 1) {
      if (isSo()) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
      await clock.advance(100);
    }
    assert.fail('it did not come');
  };
  const count = (verb: string) => api.counts.get(`${verb} pods`) ?? 0;

  it('is read in pages and watched from there', async () => {
    start();
    await until(() => store.size === 1200 && count('watch') === 1);
    assert.equal(count('list'), 3);
    make('new');
    api.objects.remove(address('pod-7'));
    await until(() => store.get('shop/new') === 'new' && store.get('shop/pod-7') === undefined);
    assert.equal(count('list'), 3);
  });

  it('goes on from what was seen last where a watch ends, also where only a bookmark told of it', async () => {
    const lists = count('list');
    api.objects.create({ resource: 'nodes' }, { metadata: { name: 'other' } });
    api.bookmark();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { version } = api.objects;
    api.objects.compacted = version;
    api.endWatches();
    make('later');
    await until(() => store.get('shop/later') === 'later');
    assert.equal(count('list'), lists, 'without the bookmark that version would be gone');
  });

  it('is read again where its version is gone, and what went meanwhile goes', async () => {
    const lists = count('list');
    api.before = ({ verb }) => {
      if (verb === 'watch') throw new Refusal(503, 'ServiceUnavailable', 'the API server restarts');
      return undefined;
    };
    api.endWatches();
    api.objects.remove(address('later'));
    api.objects.compact();
    await until(() => count('watch') > 4);
    assert.equal(count('list'), lists, 'a failure alone is no reason to');
    api.before = () => undefined;
    await until(() => store.get('shop/later') === undefined);
    assert.equal(count('list'), lists + 3);
  });

  it('is read again where an event is none, so that one object does not hold up all others', async () => {
    const lists = count('list');
    make('too-deep');
    const deep = JSON.parse(`${'{"a":'.repeat(250)}1${'}'.repeat(250)}`) as JsonObject;
    api.objects.create(address(), { metadata: { name: 'deep', namespace: 'shop' }, spec: deep });
    await until(() => count('list') > lists);
  });
});
