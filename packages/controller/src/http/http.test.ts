/** Health, figures and the webhook, over real HTTP. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLogger } from '@stillframe/core';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import type { FalcoAlert } from '../policies/falco.ts';
import { type Doors, openDoors } from './open.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';
const ALERT = {
  ...{ rule: 'Terminal shell in container', priority: 'Warning', output: 'a shell' },
  output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web' },
};

describe('the doors of a controller', () => {
  let folder: TemporaryFolder;
  let doors: Doors;
  const place = { host: '127.0.0.1', port: 0 };

  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    const tokenFile = join(folder.path, 'token');
    await writeFile(tokenFile, `${TOKEN}\n`);
    doors = await openDoors({ health: place, webhook: { place, tokenFile }, log: silentLogger });
  });
  after(async () => {
    await doors[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${doors.healthPort}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const post = async (body: string, token = TOKEN, path = '/falco') => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`http://127.0.0.1:${doors.webhookPort}${path}`, { method: 'POST', body, headers })).status;
  };

  it('say that it lives, and that it is ready only while it leads', async () => {
    assert.deepEqual(await get('/healthz'), { status: 200, text: 'ok\n' });
    assert.equal((await get('/readyz')).status, 503);
    doors.lead(async () => 'left');
    assert.equal((await get('/readyz')).status, 200);
    doors.figures.counted.capture('captured');
    const { text } = await get('/metrics');
    assert.match(text, /^stillframe_controller_leader 1$/m);
    assert.match(text, /^stillframe_controller_captures_total\{end="captured"\} 1$/m);
    assert.equal((await get('/falco')).status, 404);
    doors.lead(undefined);
  });

  it('hand an alert to the leader, from who knows the token', async () => {
    assert.equal(await post(JSON.stringify(ALERT)), 503, 'nobody leads');
    const taken: FalcoAlert[] = [];
    doors.lead(async (alert) => {
      taken.push(alert);
      return taken.length === 1 ? 'made' : 'left';
    });
    assert.equal(await post(JSON.stringify(ALERT), 'a wrong token'), 401);
    assert.equal(await post(JSON.stringify(ALERT), `${TOKEN}x`), 401);
    assert.equal(taken.length, 0);
    assert.equal(await post(JSON.stringify(ALERT)), 202);
    assert.equal(await post(JSON.stringify(ALERT)), 200);
    assert.equal(taken[0]?.pod, 'web');
    doors.lead(() => Promise.reject(new Error('away')));
    assert.equal(await post(JSON.stringify(ALERT)), 503);
  });

  it('take no more than they must', async () => {
    doors.lead(async () => 'made');
    assert.equal(await post('x'.repeat(100_000)), 413);
    assert.equal(await post('not json'), 400);
    assert.equal(await post('['.repeat(1000)), 400);
    assert.equal(await post('{}'), 200);
    assert.equal(await post('{}', TOKEN, '/healthz'), 404);
    const { promise, resolve } = Promise.withResolvers<'made'>();
    doors.lead(() => promise);
    const many = Array.from({ length: 16 }, () => post(JSON.stringify(ALERT)));
    await new Promise((done) => setTimeout(done, 300));
    assert.equal(await post(JSON.stringify(ALERT)), 429);
    resolve('made');
    assert.deepEqual([...new Set(await Promise.all(many))], [202]);
    // Nonsense ends its connection alone.
    await new Promise<void>((ended) => {
      const socket = connect(doors.webhookPort ?? 0, '127.0.0.1', () => socket.write('\u0000\u0001 nonsense\r\n\r\n'));
      socket.on('close', () => ended()).resume();
    });
    assert.equal((await get('/healthz')).status, 200);
  });

  it('are not opened with a token that can be guessed, or where somebody listens', async () => {
    const tokenFile = join(folder.path, 'short');
    await writeFile(tokenFile, 'secret');
    await assert.rejects(openDoors({ health: place, webhook: { place, tokenFile }, log: silentLogger }), {
      code: 'ERR_CONTROLLER_TOKEN',
    });
    const taken = { host: '127.0.0.1', port: doors.healthPort };
    await assert.rejects(openDoors({ health: taken, log: silentLogger }), { code: 'ERR_CONTROLLER_LISTEN' });
  });
});
