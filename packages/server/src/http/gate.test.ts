/** By which names a desk goes. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { Gate } from './gate.ts';

function asked(host: string, origin?: string): Pick<IncomingMessage, 'method' | 'headers'> {
  return { method: 'GET', headers: { host, origin } };
}

test('at the port of HTTP, which browsers leave out, a desk goes by its name alone', () => {
  const gate = new Gate(80);
  gate.demandOwn(asked('127.0.0.1', 'http://127.0.0.1'));
  gate.demandOwn(asked('localhost'));
  for (const host of ['127.0.0.1:8080', 'evil.example', ''])
    assert.throws(() => gate.demandOwn(asked(host)), { code: 'ERR_DESK_HOST' });
  assert.throws(() => gate.demandOwn(asked('127.0.0.1', 'http://evil.example')), { code: 'ERR_DESK_ORIGIN' });
  assert.throws(() => new Gate(8080).demandOwn(asked('127.0.0.1')), { code: 'ERR_DESK_HOST' });
});
