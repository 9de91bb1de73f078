import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type PlainHttp, servePlainHttp } from './plain-http.ts';

const text = { contentType: 'text/plain; version=0.0.4', body: 'stillframe_up 1\n' };
const serve = (metrics = async () => text, port = 0): Promise<PlainHttp> =>
  servePlainHttp({ host: '127.0.0.1', port }, metrics);
const get = async (url: string, method = 'GET') => {
  const answer = await fetch(url, { method });
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
};

test('metrics and health are served without a certificate, and nothing else is', async () => {
  await using server = await serve();
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(await get(`${server.url}/metrics`), { status: 200, type: text.contentType, body: text.body });
  const health = await get(`${server.url}/healthz`);
  assert.deepEqual([health.status, health.body], [200, 'ok']);
  for (const path of ['/', '/checkpoint/default/web/app', '/metrics/x', '/pods']) {
    assert.equal((await get(server.url + path)).status, 404, path);
  }
  assert.equal((await get(`${server.url}/metrics`, 'POST')).status, 405);
});

test('figures that cannot be had are an error of the server, which goes on', async () => {
  await using server = await serve(() => Promise.reject(new Error('records are gone')));
  const { status, body } = await get(`${server.url}/metrics`);
  assert.deepEqual([status, body], [500, 'records are gone']);
  assert.equal((await get(`${server.url}/healthz`)).status, 200);
});

test('a port that is taken is told at the start', async () => {
  await using server = await serve();
  const port = Number(new URL(server.url).port);
  await assert.rejects(serve(undefined, port), { code: 'ERR_NODE_START', message: /metrics cannot be served/ });
});

test('a caller who says nothing does not hold up the end', async () => {
  const server = await serve();
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  await server[Symbol.asyncDispose]();
  await closed;
  await assert.rejects(fetch(`${server.url}/healthz`));
});
