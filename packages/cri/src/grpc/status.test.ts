import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { type ErrorKind, StillframeError } from '@stillframe/core';
import { errorOfStatus, rpcErrorText, statusOf } from './status.ts';

/** google.rpc.Code 1 to 16, in order. */
const KINDS: readonly ErrorKind[] = [
  'cancelled',
  'unknown',
  'invalid-argument',
  'deadline-exceeded',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'aborted',
  'out-of-range',
  'unimplemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
];

describe('a failure over gRPC', () => {
  it('keeps each of the sixteen kinds there and back', () => {
    KINDS.forEach((kind, index) => {
      const sent = statusOf(new StillframeError('ERR_TEST_KIND', kind, 'text'));
      assert.equal(sent.code, index + 1);
      const received = errorOfStatus(Object.assign(new Error(), sent), 'Method');
      assert.equal(received.kind, kind);
      assert.equal(received.code, `ERR_CRI_${kind.toUpperCase().replaceAll('-', '_')}`);
      assert.equal(received.details['remoteCode'], 'ERR_TEST_KIND');
      assert.equal(rpcErrorText(received).replace(/ /g, '').toLowerCase(), `rpcerror:code=${goName(kind)}desc=text`);
    });
  });

  it('brings message and hint of ours apart, and the text of both to others', () => {
    const sent = statusOf(
      new StillframeError('ERR_TEST_KIND', 'not-found', 'no such – thing', { hint: 'look “there”' }),
    );
    assert.equal(sent.details, 'no such – thing (look “there”)');
    const received = errorOfStatus(Object.assign(new Error(), sent), 'Method');
    assert.deepEqual([received.message, received.hint], ['no such – thing', 'look “there”']);
    const foreign = Object.assign(new Error(), { code: status.NOT_FOUND, details: 'x (y)', metadata: new Metadata() });
    assert.equal(errorOfStatus(foreign, 'Method').message, 'Method: x (y)');
  });

  it('gives what the system refused a code and a kind, not its own words', async () => {
    const sent = statusOf(await readFile('/nonexistent').catch((error: unknown) => error));
    assert.deepEqual([sent.code, sent.details], [status.NOT_FOUND, '/nonexistent does not exist (check the path)']);
  });

  it('calls an abort cancelled, and anything else unknown', () => {
    assert.equal(statusOf(new DOMException('stopped', 'AbortError')).code, status.CANCELLED);
    assert.equal(statusOf('text').code, status.UNKNOWN);
    assert.equal(statusOf('text').details, 'text');
  });

  it('bounds its text, which travels in a header', () => {
    assert.ok(statusOf(new Error('x'.repeat(1_000_000))).details.length < 5000);
  });

  it('takes a status number that does not exist for unknown', () => {
    const failure = Object.assign(new Error(), { code: 99, details: 'odd', metadata: new Metadata() });
    assert.equal(errorOfStatus(failure, 'Method').code, 'ERR_CRI_UNKNOWN');
  });
});

/** Go spells CANCELLED with one L. */
function goName(kind: ErrorKind): string {
  return kind === 'cancelled' ? 'canceled' : kind.replaceAll('-', '');
}
