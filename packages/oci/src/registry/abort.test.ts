import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RegistryClient } from './client.ts';
import { serve } from './fake.suite.ts';

test('a signal that aborts after its request has failed ends nothing but that request', async () => {
  for (const head of [{}, { 'content-length': '900000' }]) {
    await using fake = await serve((_request, response) => {
      response.writeHead(404, head);
      response.end();
    });
    await using client = new RegistryClient(fake.address);
    const caller = new AbortController();
    await assert.rejects(client.repository('nope').resolve('1', { signal: caller.signal }), {
      code: 'ERR_OCI_MANIFEST_UNKNOWN',
    });
    caller.abort(new Error('the caller of this RPC no longer waits for it'));
    // An unheard error of the socket would end the test's process here.
    await delay(50);
  }
});
