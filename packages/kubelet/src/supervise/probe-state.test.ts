import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProbeKind, ProbeState } from './probe-state.ts';

const TIMES = { initialDelaySeconds: 5, periodSeconds: 10 };

/** The states after each outcome: `+` success, `-` failure. `R`: content, `F`: failed, `.`: neither. */
function walk(kind: ProbeKind, thresholds: [success: number, failure: number], outcomes: string): string {
  const [successThreshold, failureThreshold] = thresholds;
  const state = new ProbeState(kind, { ...TIMES, successThreshold, failureThreshold });
  return [...outcomes]
    .map((outcome, i) => {
      state.take(outcome === '+', i * 1000);
      return state.failed ? 'F' : state.content ? 'R' : '.';
    })
    .join('');
}

test('thresholds count outcomes of one kind in a row', () => {
  assert.equal(walk('readiness', [1, 3], '+--+---+'), 'RRRRRRFR');
  assert.equal(walk('readiness', [2, 1], '+-++-+'), '.F.RF.');
  assert.equal(walk('startup', [1, 3], '--+'), '..R');
  assert.equal(walk('startup', [1, 2], '--'), '.F');
  assert.equal(walk('liveness', [1, 2], '-+--'), 'RRRF');
});

test('only what matters to the container is told as a change', () => {
  const state = new ProbeState('readiness', { ...TIMES, successThreshold: 1, failureThreshold: 2 });
  assert.deepEqual(
    [true, true, false, false, false, true].map((success) => state.take(success, 0)),
    [true, false, false, true, false, true],
  );
});

test('the first is due after its delay, each further one after a period', () => {
  const state = new ProbeState('liveness', { ...TIMES, successThreshold: 1, failureThreshold: 1 });
  assert.equal(state.due(1000, 1000), 5000);
  assert.equal(state.due(1000, 9000), 0);
  state.take(true, 9000);
  assert.equal(state.due(1000, 9500), 9500);
  assert.equal(state.due(1000, 30_000), 0);
});
