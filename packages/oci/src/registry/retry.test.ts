import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ociError } from '../errors.ts';
import { retrying } from './retry.ts';

const broken = ociError('ERR_OCI_REGISTRY_BROKEN', 'the connection broke');
const denied = ociError('ERR_OCI_REGISTRY_DENIED', 'not for you');

test('a fault that passes is tried again as often as the policy says, another one never', async () => {
  for (const [error, calls] of [
    [broken, 3],
    [denied, 1],
  ] as const) {
    let called = 0;
    const work = async () => {
      called += 1;
      throw error;
    };
    await assert.rejects(retrying({ attempts: 3, baseDelay: 1 }, work), error);
    assert.equal(called, calls);
  }
});

test('waiting for another try ends with the signal, and its reason is told', { timeout: 10_000 }, async () => {
  const stop = new AbortController();
  const reason = new Error('the caller has gone');
  const asked = ociError('ERR_OCI_REGISTRY_THROTTLED', 'later', { details: { retryAfter: 25_000 } });
  const waiting = retrying({ attempts: 2, baseDelay: 1 }, () => Promise.reject(asked), stop.signal);
  setImmediate(() => stop.abort(reason));
  await assert.rejects(waiting, reason);
});
