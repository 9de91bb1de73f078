import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withFact } from './conditions.ts';

describe('a condition', () => {
  const fact = { type: 'Captured', status: 'Unknown', reason: 'InProgress', message: 'asked' } as const;
  const at = (now: number) => ({ now, generation: 2 });

  it('has the time since when it has its status, and no hostile text', () => {
    const first = withFact(undefined, fact, at(0));
    const same = withFact(first, { ...fact, reason: 'Still', message: 'a\u001b[31m\n' }, at(60_000));
    assert.deepEqual(same, [
      {
        ...{ type: 'Captured', status: 'Unknown', reason: 'Still', message: 'a\\x1b[31m\\n' },
        ...{ lastTransitionTime: '1970-01-01T00:00:00Z', observedGeneration: 2 },
      },
    ]);
    const [changed] = withFact(same, { ...fact, status: 'True' }, at(120_000));
    assert.equal(changed?.lastTransitionTime, '1970-01-01T00:02:00Z');
    assert.ok((withFact(undefined, { ...fact, message: '\n'.repeat(9000) }, at(0))[0]?.message.length ?? 0) <= 2048);
  });
});
