import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type FakeApi, openFakeApi } from '../fake-api.ts';
import { eventually, runtime, untilAborted } from '../fake-runtime.ts';
import { findPod, runningContainer } from '../pods/find.ts';
import type { CaptureTarget, CheckpointRecord } from './capture.ts';
import { type Caller, SharedCaptures } from './shared-captures.ts';

describe('captures that are shared', () => {
  let api: FakeApi;
  let captures: SharedCaptures;
  let target: CaptureTarget;
  const records: CheckpointRecord[] = [];
  let telling = async (_signal: AbortSignal): Promise<void> => undefined;
  const archives = async () => (await readdir(api.checkpoints)).filter((name) => name.endsWith('.tar'));

  before(async () => {
    api = await openFakeApi();
    const address = { kubeNamespace: 'default', pod: 'counters', container: 'counter' };
    const pod = await findPod(api.cri, address);
    const container = pod && runningContainer(pod, 'counter');
    assert.ok(pod && container);
    target = { pod, container, address };
    const onCheckpoint = async (record: CheckpointRecord, signal: AbortSignal) => {
      records.push(record);
      await telling(signal);
    };
    captures = new SharedCaptures({ cri: api.cri, folder: api.checkpoints, most: 2, onCheckpoint });
  });
  after(() => api[Symbol.asyncDispose]());
  beforeEach(() => {
    records.length = 0;
    telling = async () => undefined;
    Object.assign(runtime, { requests: [], rolledBack: 0, mostBusy: 0, capture: async () => void (await delay(200)) });
  });

  const caller = (user: string, more: Partial<Caller> = {}): Caller => ({
    user,
    groups: [],
    from: '127.0.0.1',
    auditID: `audit-${user}`,
    seconds: 60,
    signal: new AbortController().signal,
    ...more,
  });
  const capture = (user: string, more: Partial<Caller> = {}, options = {}) =>
    captures.capture(target, options, caller(user, more));

  it('go on for the others when one hangs up, and all who asked are recorded', async () => {
    const leaving = new AbortController();
    const ann = assert.rejects(capture('ann', { signal: leaving.signal }), /gone/);
    const bob = capture('bob');
    await eventually(() => runtime.busy === 1);
    leaving.abort(new Error('gone'));
    await ann;
    const { path, askedBy, user } = await bob;
    assert.equal(user, 'ann');
    assert.deepEqual(
      askedBy.map((each) => [each.user, each.left]),
      [
        ['ann', true],
        ['bob', false],
      ],
    );
    assert.equal(records.length, 1);
    assert.ok((await archives()).some((name) => path.endsWith(name)));
    assert.equal(runtime.rolledBack, 0);
  });

  it('go on for the others when the time of one is over', async () => {
    runtime.capture = async () => void (await delay(1500));
    const ann = capture('ann', { seconds: 1 });
    const bob = capture('bob', { seconds: 60 });
    await assert.rejects(ann, { code: 'ERR_KUBELET_TIME_OVER' });
    assert.equal((await bob).askedBy.length, 2);
  });

  it('end when the last one leaves: the runtime rolls back, and no file is left', async () => {
    const before = await archives();
    runtime.capture = untilAborted;
    const leaving = [new AbortController(), new AbortController()];
    const asked = leaving.map(({ signal }, n) => assert.rejects(capture(`user-${n}`, { signal }), /gone/));
    await eventually(() => runtime.busy === 1);
    leaving[0]?.abort(new Error('gone'));
    await delay(50);
    assert.equal(runtime.rolledBack, 0);
    leaving[1]?.abort(new Error('gone'));
    await Promise.all(asked);
    await eventually(() => runtime.rolledBack === 1);
    await captures.settled();
    assert.deepEqual(await archives(), before);
    assert.equal(records.length, 0);
  });

  it('are begun anew for who comes when the last one has left', async () => {
    runtime.capture = untilAborted;
    const leaving = new AbortController();
    const ann = assert.rejects(capture('ann', { signal: leaving.signal }), /gone/);
    await eventually(() => runtime.busy === 1);
    leaving.abort(new Error('gone'));
    await ann;
    runtime.capture = async () => undefined;
    const bob = await capture('bob');
    assert.deepEqual(
      bob.askedBy.map(({ user }) => user),
      ['bob'],
    );
  });

  it('are not shared by who asks for something else: that is made afterwards', async () => {
    const [one, two] = await Promise.all([capture('ann'), capture('bob', {}, { rootfs: 'live' })]);
    assert.notEqual(one.path, two.path);
    assert.equal(runtime.mostBusy, 1);
  });

  it('are not shared by who asks when one is finished', async () => {
    const one = await capture('ann');
    const two = await capture('bob');
    assert.notEqual(one.path, two.path);
  });

  it('fail for all who share them alike', async () => {
    runtime.capture = async () => {
      await delay(100);
      throw new Error('no room');
    };
    for (const outcome of await Promise.allSettled([capture('ann'), capture('bob')])) {
      assert.equal(outcome.status, 'rejected');
      assert.match(String(outcome.reason), /no room/);
    }
    assert.equal(runtime.requests.length, 1);
  });

  it('may be joined where no more may be begun', async () => {
    const options = [{}, { rootfs: 'live' }] as const;
    const under = options.map((option, n) => capture(`user-${n}`, {}, option));
    await assert.rejects(capture('third', {}, { rootfs: 'frozen' }), { code: 'ERR_KUBELET_CAPTURES_BUSY' });
    const joined = await capture('fourth');
    assert.equal((await under[0])?.path, joined.path);
    await Promise.all(under);
  });

  it('are told of before anybody is answered, in time that nobody’s limit counts', async () => {
    runtime.capture = async () => undefined;
    telling = async () => void (await delay(1500));
    const from = performance.now();
    const { path, finished, image } = await capture('ann', { seconds: 1 });
    assert.ok(performance.now() - from > 1400);
    assert.ok((await archives()).some((name) => path.endsWith(name)));
    assert.ok(Date.parse(finished) > 0 && image === 'busybox:1');
  });

  it('leave nothing where the last one leaves while they are told of', async () => {
    const before = await archives();
    runtime.capture = async () => undefined;
    telling = untilAborted;
    const leaving = new AbortController();
    const ann = assert.rejects(capture('ann', { signal: leaving.signal }), /gone/);
    await eventually(() => records.length === 1);
    leaving.abort(new Error('gone'));
    await ann;
    await captures.settled();
    assert.deepEqual(await archives(), before);
  });
});
