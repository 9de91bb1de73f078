import assert from 'node:assert/strict';
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
