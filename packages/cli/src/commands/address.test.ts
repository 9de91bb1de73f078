import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CriClient } from '@stillframe/cri/client';
import fc from 'fast-check';
import { addressText, findContainer, listPods, parseAddress } from './address.ts';

test('an address is namespace, pod and container; without a namespace it is default', () => {
  assert.deepEqual(parseAddress('shop/counters/counter'), {
    kubeNamespace: 'shop',
    pod: 'counters',
    container: 'counter',
  });
  assert.deepEqual(parseAddress('counters/counter'), {
    kubeNamespace: 'default',
    pod: 'counters',
    container: 'counter',
  });
});

test('anything else is an error of usage', () => {
  for (const text of ['', 'counter', '/', '//', 'a//c', '/b/c', 'a/b/', 'a/b/c/d', 'a/'])
    assert.throws(() => parseAddress(text), { code: 'ERR_USAGE_ARGUMENT' }, text);
});

test('an address is read back from its text', () => {
  const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(part, part, part, (kubeNamespace, pod, container) => {
      const address = { kubeNamespace, pod, container };
      assert.deepEqual(parseAddress(addressText(address)), address);
    }),
  );
});

/** A runtime with one pod for each name and containers as `[pod, name, state, attempt]`. */
function runtimeOf(pods: string[], containers: [string, string, number, number][]): CriClient {
  const items = pods.map((id, i) => ({
    id,
    metadata: { name: 'counters', namespace: 'shop' },
    state: 0,
    createdAt: BigInt(i),
  }));
  const listed = containers.map(([podSandboxId, name, state, attempt], i) => ({
    id: `container-${i}`,
    podSandboxId,
    metadata: { name, attempt },
    image: { image: 'busybox' },
    state,
  }));
  const runtime = {
    listPodSandbox: async () => ({ items: items.toReversed() }),
    listContainers: async () => ({ containers: listed }),
  };
  return { runtime } as unknown as CriClient;
}

const { signal } = new AbortController();

test('of containers of one name the running one is meant, else the newest', async () => {
  const [created, running, exited] = [0, 1, 2];
  const id = async (...containers: [string, string, number, number][]) =>
    (await findContainer(runtimeOf(['old', 'new'], containers), 'shop/counters/counter', signal)).container.id;
  assert.equal(await id(['old', 'counter', running, 0], ['new', 'counter', exited, 0]), 'container-0');
  assert.equal(await id(['old', 'counter', exited, 0], ['new', 'counter', created, 0]), 'container-1');
  // Which of two live ones is meant must be said: a checkpoint of the wrong one is worse than none.
  await assert.rejects(id(['old', 'counter', running, 0], ['new', 'counter', running, 0]), {
    code: 'ERR_CONTAINER_AMBIGUOUS',
    message: /container-0, container-1/,
  });
  await assert.rejects(id(['old', 'other', running, 0]), { code: 'ERR_CONTAINER_NOT_FOUND' });
});

test('names that Kubernetes would not take are refused before anything is asked', () => {
  for (const wrong of ['Shop/a/b', 'shop/we_b/app', 'shop/a/-b', 'a', 'a/b/c/d', '/a/b']) {
    assert.throws(() => parseAddress(wrong), { code: 'ERR_USAGE_ARGUMENT' }, wrong);
  }
});

test('pods are listed oldest first, with their containers and states', async () => {
  const pods = await listPods(runtimeOf(['old', 'new'], [['new', 'counter', 3, 1]]), signal);
  assert.deepEqual(
    pods.map(({ sandboxID, containers }) => [sandboxID, containers.map(({ state, attempt }) => [state, attempt])]),
    [
      ['old', []],
      ['new', [['unknown', 1]]],
    ],
  );
});
