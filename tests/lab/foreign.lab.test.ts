/** Checkpoints of engines that speak the CRI restored here, and ours restored there. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CriClient } from '@stillframe/cri/client';
import { needs } from '@stillframe/testkit';
import { startCrio } from './crio.ts';
import { type Config, DECLARED, type EngineLab, namespaceOptions, openEngineLab, SCRIPTS } from './engine-lab.ts';
import { COUNTER, type Engine, startContainerd } from './engines.ts';
import type { Lab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'redis');
/** Engines that speak the CRI. `made`: annotation of a container of ours whose checkpoint is meant for that engine. */
const ENGINES = [
  {
    name: 'containerd',
    gate: needs('checkpoint', 'docker-registry', 'redis', 'catatonit', 'containerd'),
    open: startContainerd,
    made: { 'io.stillframe.checkpoint/for': 'containerd' },
  },
  {
    name: 'CRI-O',
    gate: needs('checkpoint', 'docker-registry', 'redis', 'cri-o'),
    open: startCrio,
    made: { 'io.stillframe.checkpoint/for': 'cri-o' },
  },
];

describe('engines among each other', { skip }, () => {
  let engines: EngineLab;
  let lab: Lab;
  let ours: CriClient;
  let image: string;
  before(async () => {
    engines = await openEngineLab();
    ({ lab, ours, image } = engines);
  });
  after(() => engines?.[Symbol.asyncDispose]());

  for (const engine of ENGINES) describe(engine.name, engine.gate, () => withEngine(engine));

  function withEngine({ name: engine, open, made }: (typeof ENGINES)[number]): void {
    let theirs: Engine;
    before(async () => {
      theirs = await open(join(lab.folder, engine), lab.registry);
      await theirs.cri.image.pullImage({ image: { image } });
      await ours.image.pullImage({ image: { image } });
    });
    after(() => theirs?.[Symbol.asyncDispose]());

    test(`counter and redis of ${engine} come back here`, async () => {
      const { start, hasKeys, goesOn } = engines;
      for (const [name, script] of SCRIPTS) {
        const annotations = { 'org.criu.config': theirs.criuConfig };
        const command = ['sh', '-c', script];
        const source = await start(theirs.cri, `their-${name}`, image, { command, annotations }, theirs.cgroupParent);
        await delay(2000);
        const location = join(lab.folder, `${engine}-${name}.tar`);
        await theirs.cri.runtime.checkpointContainer({ containerId: source.containerId, location });
        const { containerId, podSandboxId, logPath } = await start(ours, `from-${engine}-${name}`, location);
        if (name === 'redis') await hasKeys(ours, containerId);
        else await goesOn(logPath);
        await ours.runtime.removePodSandbox({ podSandboxId });
      }
    });

    if (engine === 'containerd') {
      test(`a checkpoint of a copy of its container, converted for ${engine}, comes back there`, async () => {
        const { start, hasChanges, goesOn } = engines;
        const command = ['sh', '-c', COUNTER];
        const source = await start(theirs.cri, 'lent', image, { command }, theirs.cgroupParent);
        await delay(2000);
        const location = join(lab.folder, 'lent.tar');
        await theirs.cri.runtime.checkpointContainer({ containerId: source.containerId, location });
        const here = await start(ours, 'borrowed', location);
        await goesOn(here.logPath);
        const captured = join(lab.folder, 'borrowed.tar');
        await ours.runtime.checkpointContainer({ containerId: here.containerId, location: captured });
        await ours.runtime.removePodSandbox({ podSandboxId: here.podSandboxId });
        const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', captured, '--for', engine]);
        const { containerId, logPath } = await start(theirs.cri, 'returned', archive, DECLARED, theirs.cgroupParent);
        await goesOn(logPath);
        await hasChanges(theirs.cri, containerId);
      });

      test(`our counter, captured for no engine in particular, comes back in ${engine} once it is laid out for it`, async () => {
        const { start, hasChanges, goesOn } = engines;
        const annotations = { 'org.criu.config': theirs.criuConfig };
        const source = await start(ours, 'any', image, { command: ['sh', '-c', COUNTER], annotations });
        await delay(2000);
        const location = join(lab.folder, 'any.tar');
        await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
        await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
        const { archive } = await lab.stillframe.read<{ archive: string }>(['convert', location, '--for', engine]);
        const { containerId, logPath } = await start(theirs.cri, 'any-there', archive, DECLARED, theirs.cgroupParent);
        await goesOn(logPath);
        await hasChanges(theirs.cri, containerId);
      });
    }

    test(`our counter, as an image for ${engine} in a registry, comes back there as a kubelet has it pulled`, async () => {
      const { start, hasChanges, goesOn } = engines;
      const annotations = { 'org.criu.config': theirs.criuConfig };
      const source = await start(ours, 'sent', image, { command: ['sh', '-c', COUNTER], annotations });
      await delay(2000);
      const location = join(lab.folder, `sent-to-${engine}.tar`);
      await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
      await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
      for (const smaller of [[], ['--zstd']]) {
        const reference = `${lab.registry}/sent-to-${engine.toLowerCase()}:v${smaller.length}`;
        const wishes = ['--for', engine.toLowerCase(), ...smaller];
        await lab.stillframe.read(['image', 'build', location, '-t', reference, ...wishes]);
        // A kubelet creates by what the pull answered, and says beside it what the pod's manifest calls the image.
        const { imageRef } = await theirs.cri.image.pullImage({ image: { image: reference } });
        const from = { image: imageRef, userSpecifiedImage: reference };
        const more = { ...DECLARED, image: from, annotations } as Partial<Config>;
        const { containerId, logPath } = await start(
          theirs.cri,
          `sent-there-${smaller.length}`,
          imageRef,
          more,
          theirs.cgroupParent,
        );
        await goesOn(logPath);
        await hasChanges(theirs.cri, containerId);
      }
    });

    test(`a whole pod of ${engine} is captured one container after another, once that is allowed, and comes back here`, async () => {
      const { start, goesOn } = engines;
      const command = ['sh', '-c', COUNTER];
      const { podSandboxId } = await start(theirs.cri, 'pair', image, { command }, theirs.cgroupParent);
      const { status } = await theirs.cri.runtime.podSandboxStatus({ podSandboxId });
      const own = { securityContext: { namespaceOptions } };
      const config = { metadata: { name: 'second' }, image: { image }, command, logPath: 'second.log', linux: own };
      const pod = { metadata: status?.metadata, linux: { cgroupParent: theirs.cgroupParent } };
      const sandboxConfig = { ...pod, logDirectory: join(lab.folder, 'logs') };
      const { containerId } = await theirs.cri.runtime.createContainer({
        podSandboxId,
        config,
        sandboxConfig,
      } as never);
      await theirs.cri.runtime.startContainer({ containerId });
      await delay(2000);
      const folder = join(lab.folder, `pair-of-${engine}`);
      const words = ['checkpoint', 'default/pair', '--all-containers', '--export', folder, '--cri', theirs.socket];
      await assert.rejects(lab.stillframe.read(words), /ERR_CHECKPOINT_NOT_ATOMIC/);
      const { atomic } = await lab.stillframe.read<{ atomic: boolean }>([...words, '--non-atomic']);
      assert.equal(atomic, false);
      const { restored } = await lab.stillframe.json<{ restored: { logPath: string; sandboxID: string }[] }>([
        ...['restore', folder],
      ]);
      assert.equal(restored.length, 2);
      for (const { logPath } of restored) await goesOn(logPath);
      await ours.runtime.removePodSandbox({ podSandboxId: restored[0]?.sandboxID ?? '' });
    });

    test(`our counter and redis come back in ${engine}`, async () => {
      const { start, hasKeys, hasChanges, goesOn } = engines;
      for (const [name, script] of SCRIPTS) {
        // containerd takes the annotations of the archive, not of the request; this one tells CRIU to keep connections.
        const annotations = { ...made, 'org.criu.config': theirs.criuConfig };
        const source = await start(ours, `our-${name}`, image, { command: ['sh', '-c', script], annotations });
        await delay(2000);
        const location = join(lab.folder, `ours-for-${engine}-${name}.tar`);
        await ours.runtime.checkpointContainer({ containerId: source.containerId, location });
        await ours.runtime.removePodSandbox({ podSandboxId: source.podSandboxId });
        const more = { ...DECLARED, annotations: { 'org.criu.config': theirs.criuConfig } } as Partial<Config>;
        const { containerId, logPath } = await start(theirs.cri, `to-${name}`, location, more, theirs.cgroupParent);
        if (name === 'redis') await hasKeys(theirs.cri, containerId);
        else {
          await goesOn(logPath);
          await hasChanges(theirs.cri, containerId);
        }
      }
    });
  }
});
