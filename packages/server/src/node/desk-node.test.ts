/** A node on the desk: what is done to it is posted by the page alone, judged, done once at a time, and told with how it ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job, NodeAnswer } from '../contract/index.ts';
import { type AtDesk, atDesk } from '../desk.fixture.ts';
import type { LiveNode } from './live-node.ts';
import { atNode, useFake } from './node.fixture.ts';

async function jobsOf(get: AtDesk['ask']): Promise<readonly Job[]> {
  return ((await get('/api/desk/node')).json() as unknown as NodeAnswer).jobs;
}

/** The job, once it is over. */
async function over(get: AtDesk['ask'], id: unknown): Promise<Job> {
  for (;;) {
    const job = (await jobsOf(get)).find((each) => each.id === id);
    assert.ok(job, `there is no job ${String(id)}`);
    if (job.state !== 'running') return job;
    await delay(5);
  }
}

test('a capture is a job: told while it goes on, then with its pause, and its archive is a checkpoint of the desk', () =>
  atNode(async ({ get, post, done, end }) => {
    const begun = await post('checkpoint', 'container=c1&mostPause=500ms');
    assert.equal(begun.status, 200);
    const [job] = await jobsOf(get);
    assert.deepEqual([job?.subject, job?.state, job?.stage], ['default/web/app', 'running', 'freezing']);
    const again = await post('checkpoint', 'container=c1&mostPause=');
    assert.deepEqual([again.status, again.json()['code']], [409, 'ERR_DESK_BUSY']);
    assert.equal((await get('/api/1/overview')).status, 404);
    end.resolve('well');
    const { state, capture } = await over(get, begun.json()['job']);
    assert.deepEqual([state, capture?.one, capture?.pause, capture?.bytes], ['done', '1', 81_200, 7]);
    assert.deepEqual(done, ['capture c1 500ms']);
    const overview = (await get('/api/1/overview')).json();
    assert.equal((overview['archive'] as { name: string }).name, 'fresh.tar');
    assert.deepEqual(
      (await get('/api/desk/facts')).json()['cases'],
      [
        ['0', 'podman-redis.tar', false],
        ['1', 'fresh.tar', true],
      ].map(([id, name, isRestorable]) => ({ id, name, isRestorable })),
    );
    const restored = await post('restore', 'one=1&sinkhole=true&scrubTokens=false');
    const { copies } = await over(get, restored.json()['job']);
    assert.deepEqual(
      copies.map(({ address, clamped }) => [address, clamped]),
      [['default/web-copy-1/app', ['memory']]],
    );
    assert.equal(done.at(-1), 'restore /fresh.tar true false');
  }));

test('what fails is told with its hint, in harmless words; what is called off, too, and another may begin', () =>
  atNode(async ({ get, post, end }) => {
    const first = (await post('checkpoint', 'container=c1&mostPause=')).json()['job'];
    assert.equal((await post('stop', `job=${String(first)}`)).status, 200);
    assert.equal((await over(get, first)).failure?.code, 'ERR_DESK_STOPPED');
    assert.equal((await post('stop', `job=${String(first)}`)).status, 404);
    end.resolve('badly');
    const second = (await post('checkpoint', 'container=c1&mostPause=')).json()['job'];
    const { state, failure, capture } = await over(get, second);
    assert.deepEqual([state, capture], ['failed', null]);
    assert.deepEqual(failure, { code: 'ERR_FAKE_CRIU', message: 'CRIU\\u202e failed', hint: 'read dump.log' });
    assert.equal((await get('/api/1/overview')).status, 404);
  }));

test('nothing is done for another page, without a session, or by a question', () =>
  atNode(async ({ desk, get, post, done }) => {
    const body = 'container=c1&mostPause=';
    const origin = `http://127.0.0.1:${desk.port}`;
    const strangers: readonly Record<string, string>[] = [
      {},
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${desk.port + 1}` },
      { origin, 'sec-fetch-site': 'cross-site' },
      { origin, 'sec-fetch-site': 'same-site' },
      { origin, host: `evil.example:${desk.port}` },
    ];
    for (const name of ['checkpoint', 'restore', 'push', 'remove', 'stop'])
      for (const headers of strangers)
        assert.equal((await post(name, body, { headers })).status, 403, `${name} ${JSON.stringify(headers)}`);
    const path = '/api/desk/checkpoint';
    const unknown = await desk.ask(path, { method: 'POST', headers: { origin }, body });
    assert.deepEqual([unknown.status, unknown.json()['code']], [401, 'ERR_DESK_TOKEN']);
    assert.equal((await desk.ask('/api/desk/node')).status, 401);
    assert.equal((await get(`${path}?${body}`)).status, 404);
    assert.equal((await get(path, { method: 'PUT', headers: { origin }, body })).status, 405);
    assert.equal((await post('constructor', body)).status, 404);
    assert.deepEqual(done, []);
    assert.deepEqual(await jobsOf(get), []);
  }));

test('containers that are not there or do not run, pods of others and checkpoints without a place are refused', () =>
  atNode(async ({ get, post, done }) => {
    const refused: readonly (readonly [string, string, number, string])[] = [
      ['checkpoint', 'container=c9&mostPause=', 404, 'ERR_DESK_NOT_FOUND'],
      ['checkpoint', 'container=c2&mostPause=', 409, 'ERR_DESK_NOT_RUNNING'],
      ['checkpoint', 'container=../c1&mostPause=', 400, 'ERR_DESK_QUESTION'],
      ['checkpoint', 'mostPause=', 400, 'ERR_DESK_QUESTION'],
      ['checkpoint', 'container=c1&mostPause=soon', 400, 'ERR_DESK_QUESTION'],
      ['restore', 'one=0&sinkhole=false&scrubTokens=false', 404, 'ERR_DESK_NOT_FOUND'],
      ['restore', 'one=7&sinkhole=false&scrubTokens=false', 404, 'ERR_DESK_NOT_FOUND'],
      ['restore', 'one=0&sinkhole=perhaps&scrubTokens=false', 400, 'ERR_DESK_QUESTION'],
      ['push', 'one=0&reference=r.example/a&sign=false', 404, 'ERR_DESK_NOT_FOUND'],
      ['remove', 'sandbox=b0', 404, 'ERR_DESK_NOT_FOUND'],
      ['remove', 'sandbox=b9', 404, 'ERR_DESK_NOT_FOUND'],
      ['stop', 'job=9', 404, 'ERR_DESK_NOT_FOUND'],
    ];
    for (const [name, body, status, code] of refused) {
      const answer = await post(name, body);
      assert.deepEqual([answer.status, answer.json()['code']], [status, code], `${name} ${body}`);
    }
    assert.equal((await get('/api/desk/log?container=c9')).status, 404);
    assert.deepEqual(done, []);
    const log = (await get('/api/desk/log?container=c2')).json();
    assert.deepEqual([log['state'], (log['lines'] as string[]).map(({ length }) => length)], ['exited', [7, 2001]]);
    const removed = (await post('remove', 'sandbox=b1')).json()['job'];
    assert.equal((await over(get, removed)).state, 'done');
    assert.deepEqual(done, ['remove b1']);
  }));

test('another runtime restores nothing into a sandbox, and refuses no pause', () =>
  atNode(async ({ post, done }) => {
    const restored = await post('restore', 'one=0&sinkhole=false&scrubTokens=false');
    assert.deepEqual([restored.status, restored.json()['code']], [409, 'ERR_DESK_SANDBOX']);
    assert.equal((await post('checkpoint', 'container=c1&mostPause=1s')).status, 400);
    assert.deepEqual(done, []);
  }, false));

test('without a node nothing of one is answered or done', () =>
  atDesk(async ({ port, enter }) => {
    const mine = await enter();
    assert.equal((await mine('/api/desk/facts')).json()['hasNode'], false);
    assert.equal((await mine('/api/desk/node')).json()['code'], 'ERR_DESK_NO_NODE');
    const headers = { origin: `http://127.0.0.1:${port}` };
    const body = 'container=c1&mostPause=';
    const answer = await mine('/api/desk/checkpoint', { method: 'POST', headers, body });
    assert.deepEqual([answer.status, answer.json()['code']], [404, 'ERR_DESK_NO_NODE']);
  }));

test('an image is pushed to a registry that is named, signed only where there is a key, and told with how far it is', () =>
  atNode(async ({ get, post, done, end }) => {
    await post('checkpoint', 'container=c1&mostPause=');
    end.resolve('well');
    await over(get, '1');
    const nowhere = await post('push', 'one=1&reference=evidence/web&sign=false');
    assert.deepEqual([nowhere.status, nowhere.json()['code']], [400, 'ERR_FAKE_REFERENCE']);
    const unsigned = await post('push', 'one=1&reference=r.example/web&sign=true');
    assert.deepEqual([unsigned.status, unsigned.json()['code']], [400, 'ERR_DESK_QUESTION']);
    const job = await over(get, (await post('push', 'one=1&reference=%20r.example/web&sign=false')).json()['job']);
    assert.deepEqual(job.progress, { done: 1, total: 7 });
    assert.equal(job.pushed?.reference, 'r.example/web:latest');
    assert.deepEqual(done.slice(1), ['push /fresh.tar r.example/web:latest false']);
  }));

test('a desk that ends calls off what is under way, and waits until that has ended', () =>
  useFake(async (fake) => {
    let ended = false;
    const capture: LiveNode['capture'] = async (...words) => {
      try {
        return await fake.node.capture(...words);
      } finally {
        await delay(20);
        ended = true;
      }
    };
    await atDesk(
      async ({ port, enter }) => {
        const headers = { origin: `http://127.0.0.1:${port}` };
        const body = 'container=c1&mostPause=';
        assert.equal((await (await enter())('/api/desk/checkpoint', { method: 'POST', headers, body })).status, 200);
      },
      { node: { ...fake.node, capture } },
    );
    assert.ok(ended);
  }));
