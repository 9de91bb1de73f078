import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ageText, podRow } from './pod-status.ts';

const running = { running: {} };
const waiting = (reason: string) => ({ waiting: { reason, message: 'why' } });
const ended = (exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error') => ({
  terminated: { exitCode, reason },
});

/** Ready, status and restarts of a pod with these states, as a line. */
function told(states: object[], initial: [object, string?][] = [], phase = 'Running'): string {
  const status = (state: object, i: number) => ({
    ...{ name: `c${i}`, state, restartCount: i },
    ...{ ready: 'running' in state, started: 'running' in state },
  });
  const row = podRow(
    {
      metadata: { name: 'p', namespace: 'n' },
      spec: {
        containers: states,
        initContainers: initial.map(([, restartPolicy], i) => ({ name: `c${i}`, restartPolicy })),
      },
      status: {
        phase,
        containerStatuses: states.map(status),
        initContainerStatuses: initial.map(([state], i) => status(state, i)),
      },
    },
    'm',
  );
  return `${row.ready}/${row.containers} ${row.status} ${row.restarts}`;
}

test('a pod is told in the words of kubectl', () => {
  assert.equal(told([running, running]), '2/2 Running 1');
  assert.equal(told([running, waiting('CrashLoopBackOff')]), '1/2 CrashLoopBackOff 1');
  assert.equal(told([waiting('ImagePullBackOff')], [], 'Pending'), '0/1 ImagePullBackOff 0');
  assert.equal(told([ended(0)], [], 'Succeeded'), '0/1 Completed 0');
  assert.equal(told([ended(0), running]), '1/2 Running 1');
  assert.equal(told([ended(3)], [], 'Failed'), '0/1 Error 0');
  const creating = waiting('PodInitializing');
  assert.equal(told([creating], [[ended(0)], [running]], 'Pending'), '0/1 Init:1/2 0');
  assert.equal(told([creating], [[running, 'Always'], [running]], 'Pending'), '1/2 Init:1/2 0');
  assert.equal(told([running], [[ended(0)], [running, 'Always']]), '2/2 Running 1');
  assert.equal(told([running], [[waiting('CrashLoopBackOff'), 'Always']]), '1/2 Running 0');
  assert.equal(told([creating], [[waiting('ErrImagePull')]], 'Pending'), '0/1 Init:ErrImagePull 0');
  assert.equal(told([], [], 'Pending'), '0/0 Pending 0');
});

test('an answer that is no pod gives a row all the same', () => {
  for (const document of [null, 1, [], {}, { status: { containerStatuses: 7 }, metadata: null }])
    assert.deepEqual([podRow(document, 'm').status, podRow(document, 'm').pod], ['Unknown', '']);
});

test('ages are as kubectl tells them', () => {
  const [second, minute, hour] = [1000, 60_000, 3_600_000];
  assert.deepEqual(
    [0, 90 * second, 2 * minute + second, 5 * minute, 100 * minute, 5 * hour, 100 * hour, -second].map(ageText),
    ['0s', '90s', '2m1s', '5m', '100m', '5h', '4d', '0s'],
  );
});
