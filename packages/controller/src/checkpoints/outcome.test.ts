import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StillframeError } from '@stillframe/core';
import { outcomeOfError, outcomeOfPath } from './outcome.ts';

const error = (code: string, message: string, facts: object = {}) =>
  new StillframeError(code, 'unknown', message, facts);
const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const reset = Object.assign(new Error('read'), { code: 'ECONNRESET' });

describe('what an answer says of a capture', () => {
  const table: readonly [string, unknown, string, string][] = [
    ['a right that is lacking', error('ERR_CLUSTER_FORBIDDEN', 'no'), 'not-asked', 'Forbidden'],
    ['a container that is gone', error('ERR_CLUSTER_NOT_FOUND', 'gone'), 'failed', 'ContainerNotFound'],
    ['a runtime that cannot', error('ERR_CLUSTER_NODE_NO_CRIU', 'no'), 'failed', 'RuntimeCannot'],
    ['a capture that failed', error('ERR_CLUSTER_CHECKPOINT_FAILED', 'criu failed'), 'failed', 'CaptureFailed'],
    [
      'one that took too long',
      error('ERR_CLUSTER_CHECKPOINT_FAILED', 'code = DeadlineExceeded desc'),
      'unknown',
      'OutOfTime',
    ],
    ['nobody who listens', error('ERR_CLUSTER_UNREACHABLE', 'x', { cause: refused }), 'not-asked', 'NodeUnreachable'],
    ['a connection that broke off', error('ERR_CLUSTER_UNREACHABLE', 'x', { cause: reset }), 'unknown', 'AnswerLost'],
    [
      'a kubelet that is not reached',
      error('ERR_CLUSTER_NODE_UNREACHABLE', 'dial tcp 10.0.0.1'),
      'not-asked',
      'NodeUnreachable',
    ],
    ['one that was, and then no more', error('ERR_CLUSTER_NODE_UNREACHABLE', 'error: EOF'), 'unknown', 'AnswerLost'],
    ['too much at once', error('ERR_CLUSTER_UNREACHABLE', 'x', { details: { status: 429 } }), 'not-asked', 'NodeBusy'],
    ['a gateway that gave up', error('ERR_CLUSTER_TIMEOUT', 'x'), 'unknown', 'AnswerLost'],
    ['an answer that is none', error('ERR_KUBELET_ANSWER', 'x'), 'unknown', 'AnswerLost'],
    ['a lease that was lost', new DOMException('lost', 'AbortError'), 'unknown', 'AnswerLost'],
  ];
  for (const [what, thrown, kind, reason] of table) {
    it(`${what}: ${kind}`, () => {
      const outcome = outcomeOfError(thrown);
      assert.deepEqual(
        { kind: outcome.kind, reason: outcome.kind === 'captured' ? '' : outcome.reason },
        { kind, reason },
      );
    });
  }

  it('a path is believed only where a kubelet would put an archive', () => {
    assert.equal(
      outcomeOfPath('/var/lib/kubelet/checkpoints/checkpoint-a_b-c-2026-01-01T00:00:00Z.tar').kind,
      'captured',
    );
    assert.equal(outcomeOfPath('/etc/shadow').kind, 'unknown');
  });
});
