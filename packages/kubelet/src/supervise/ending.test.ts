import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLogger } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { ActualContainer } from './actual.ts';
import { endPod } from './ending.ts';
import { GRACE } from './marks.ts';

const container = (name: string, grace: number): ActualContainer => ({
  ...{ id: name, name, attempt: 0, sandboxID: 's', state: 'running', createdAt: 1, startedAt: 1, finishedAt: 0 },
  ...{ exitCode: 0, reason: '', message: '', logPath: '', imageRef: '', annotations: { [GRACE]: `${grace}` } },
});

/** The seconds that each container is given, in the order of the calls. Each takes as long as `takes` says. */
async function given(containers: readonly ActualContainer[], last: string[], takes: Record<string, number>) {
  const calls: [string, number][] = [];
  const stopContainer = async (request: { containerId: string; timeout: bigint }) => {
    calls.push([request.containerId, Number(request.timeout)]);
    await delay(takes[request.containerId] ?? 0);
  };
  const cri = { runtime: { stopContainer } } as unknown as CriClient;
  const pod = { uid: 'u', name: 'p', namespace: 'n', sandboxes: [], containers };
  await endPod(pod, last, { cri, logger: silentLogger, ip: '', signal: new AbortController().signal });
  return calls;
}

test('sidecars end after the others, the last one first, with what these have left of the grace', async () => {
  const all = [container('early', 30), container('late', 30), container('web', 30)];
  assert.deepEqual(await given(all, ['early', 'late'], { web: 1100 }), [
    ['web', 30],
    ['late', 29],
    ['early', 29],
  ]);
});

test('a sidecar has two seconds at least, unless the pod is to end at once', async () => {
  assert.deepEqual(await given([container('side', 2), container('web', 2)], ['side'], { web: 1100 }), [
    ['web', 2],
    ['side', 2],
  ]);
  assert.deepEqual(await given([container('side', 0), container('web', 0)], ['side'], {}), [
    ['web', 0],
    ['side', 0],
  ]);
});
