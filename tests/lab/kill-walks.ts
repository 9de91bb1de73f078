/** What is done at the steps of each operation, and what must be true when the next node serves. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchive } from '@stillframe/checkpoint';
import { ContainerState } from '@stillframe/cri/proto';
import { type Operation, STEPS, type Step } from '@stillframe/runtime';
import type { Died, Scene } from './kill-walk.ts';

const { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED } = ContainerState;

/** One way to reach the steps of an operation. */
export interface WalkOf {
  name: string;
  operation: Operation;
  act(scene: Scene, step: Step, died: Died): Promise<void>;
}

export const walks: readonly WalkOf[] = [
  {
    name: 'RunPodSandbox',
    operation: 'sandbox',
    async act(scene, step, died) {
      await died(() => scene.runPod());
      const found = await podsOf(scene);
      assert.equal(found.length, step === 'sandbox-recorded' ? 1 : 0);
      const id = found[0] ?? (await scene.runPod());
      await scene.cri().runtime.startContainer({ containerId: await scene.create(id) });
      await scene.counts('one');
    },
  },
  {
    name: 'CreateContainer',
    operation: 'create',
    async act(scene, step, died) {
      const pod = await scene.runPod();
      await died(() => scene.create(pod));
      const found = await containersOf(scene);
      assert.deepEqual(
        found.map(({ state }) => state),
        step === 'create-recorded' ? [CONTAINER_CREATED] : [],
      );
      await scene.cri().runtime.startContainer({ containerId: found[0]?.id ?? (await scene.create(pod)) });
      await scene.counts('one');
    },
  },
  {
    name: 'StartContainer',
    operation: 'start',
    async act(scene, step, died) {
      const containerId = await scene.create(await scene.runPod());
      await died(() => scene.cri().runtime.startContainer({ containerId }));
      const runs = step !== 'start-noted';
      assert.equal(await scene.state(containerId), runs ? CONTAINER_RUNNING : CONTAINER_CREATED);
      if (!runs) await scene.cri().runtime.startContainer({ containerId });
      await scene.counts('one');
    },
  },
  {
    name: 'CheckpointContainer',
    operation: 'checkpoint',
    async act(scene, step, died) {
      const containerId = await started(scene);
      const location = join(scene.out, 'one.tar');
      await died(() => scene.cri().runtime.checkpointContainer({ containerId, location }));
      await demandWhole(scene.out, isCommitted(step) ? ['one.tar'] : []);
      assert.equal(await scene.state(containerId), CONTAINER_RUNNING);
      await scene.counts('one');
      if (!isCommitted(step)) await scene.cri().runtime.checkpointContainer({ containerId, location });
      await demandWhole(scene.out, ['one.tar']);
    },
  },
  {
    name: 'CheckpointContainer that ends the container',
    operation: 'checkpoint',
    async act(scene, step, died) {
      const containerId = await started(scene, { annotations: { 'io.stillframe.criu/leave-running': 'false' } });
      const location = join(scene.out, 'one.tar');
      await died(() => scene.cri().runtime.checkpointContainer({ containerId, location }));
      await demandWhole(scene.out, isCommitted(step) ? ['one.tar'] : []);
      assert.equal(await scene.state(containerId), isCommitted(step) ? CONTAINER_EXITED : CONTAINER_RUNNING);
      if (!isCommitted(step)) await scene.counts('one');
    },
  },
  {
    name: 'CheckpointPod',
    operation: 'checkpoint',
    async act(scene, step, died) {
      const podSandboxId = await scene.runPod();
      const containerIds = [await scene.create(podSandboxId), await scene.create(podSandboxId, {}, 'two')];
      for (const containerId of containerIds) await scene.cri().runtime.startContainer({ containerId });
      const checkpoint = () => scene.cri().runtime.checkpointPod({ podSandboxId, outputPath: scene.out, containerIds });
      await died(checkpoint);
      const whole = ['one.tar', 'two.tar', 'pod.dump', 'pod.options', 'pod.options.evidence.json'];
      await demandWhole(scene.out, isCommitted(step) ? whole : []);
      for (const name of ['one', 'two']) await scene.counts(name);
    },
  },
  {
    name: 'CreateContainer from a checkpoint',
    operation: 'restoreCreate',
    async act(scene, step, died) {
      const pod = await scene.runPod();
      const more = { image: { image: scene.archive } } as Parameters<Scene['create']>[1];
      await died(() => scene.create(pod, more));
      const found = await containersOf(scene);
      assert.deepEqual(
        found.map(({ state }) => state),
        step === 'restore-created' ? [CONTAINER_CREATED] : [],
      );
      await scene.cri().runtime.startContainer({ containerId: found[0]?.id ?? (await scene.create(pod, more)) });
      await scene.counts('one');
    },
  },
  {
    name: 'StartContainer of a copy',
    operation: 'restoreStart',
    async act(scene, step, died) {
      const more = { image: { image: scene.archive } } as Parameters<Scene['create']>[1];
      const containerId = await scene.create(await scene.runPod(), more);
      await died(() => scene.cri().runtime.startContainer({ containerId }));
      const state = await scene.state(containerId);
      // Without its monitor a restored process is ended, and can be started once more.
      const either = step === 'restore-begun';
      if (!either) assert.equal(state, step === 'restore-noted' ? CONTAINER_CREATED : CONTAINER_RUNNING);
      if (state !== CONTAINER_RUNNING) await scene.cri().runtime.startContainer({ containerId });
      await scene.counts('one');
      await scene.cri().runtime.checkpointContainer({ containerId, location: join(scene.out, 'again.tar') });
    },
  },
  {
    name: 'RestorePod',
    operation: 'restorePod',
    async act(scene, step, died) {
      const containerConfigs = ['one', 'two'].map((name) => scene.config(name));
      const request = { checkpointPath: scene.podArchive, config: scene.podConfig(), containerConfigs };
      await died(() => scene.cri().runtime.restorePod(request));
      const done = step === 'restore-pod-done';
      assert.equal((await podsOf(scene)).length, done ? 1 : 0);
      if (!done) await scene.cri().runtime.restorePod(request);
      const found = await containersOf(scene);
      assert.deepEqual(
        found.map(({ state }) => state),
        [CONTAINER_CREATED, CONTAINER_CREATED],
      );
      for (const { id } of found) await scene.cri().runtime.startContainer({ containerId: id });
      for (const name of ['one', 'two']) await scene.counts(name);
    },
  },
];

/** From here on a checkpoint is completed, before it is undone. */
function isCommitted(step: Step): boolean {
  const steps: readonly string[] = STEPS.checkpoint;
  return steps.indexOf(step) >= steps.indexOf('checkpoint-committed');
}

async function started(scene: Scene, more: Parameters<Scene['create']>[1] = {}): Promise<string> {
  const containerId = await scene.create(await scene.runPod(), more);
  await scene.cri().runtime.startContainer({ containerId });
  return containerId;
}

const podsOf = async (scene: Scene) =>
  (await scene.cri().runtime.listPodSandbox({})).items
    .filter(({ metadata }) => metadata?.name === scene.pod)
    .map(({ id }) => id);

const containersOf = async (scene: Scene) => {
  const [podSandboxId = ''] = await podsOf(scene);
  return (await scene.cri().runtime.listContainers({ filter: { podSandboxId } })).containers;
};

/** Asserts that the folder holds just these, each archive with its evidence and readable to its end. */
async function demandWhole(folder: string, names: readonly string[]): Promise<void> {
  const archives = names.filter((name) => name.endsWith('.tar'));
  const all = [...names, ...archives.map((name) => `${name}.evidence.json`)];
  assert.deepEqual((await readdir(folder)).sort(), all.sort());
  for (const name of archives) {
    await using archive = await openArchive(join(folder, name));
    assert.ok(archive.has('checkpoint/inventory.img') && archive.has('spec.dump'), name);
    assert.deepEqual(archive.diagnostics, []);
  }
}
