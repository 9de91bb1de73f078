/** A pod of two containers, captured by our own node: every image of both archives, and each one's values in its own. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openCheckpoint } from '@stillframe/checkpoint';
import { execute } from '@stillframe/demo/stage';
import { scanMemory, textPattern } from '@stillframe/forensics';
import { needs } from '@stillframe/testkit';
import { demandJsonOfCrit, demandListsOfCrit, demandRoundTrip, openSet } from './image-equality.ts';
import { type CriLab, openCriLab } from './lab.ts';
import { takeOut } from './taken-out.ts';

const { skip } = needs('checkpoint', 'crit', 'docker-registry');
const NAMES = ['one', 'two'] as const;
/** A value in the shell's memory that stands nowhere else, and a file without a name that holds another. */
const scriptOf = (name: string) =>
  `secret=pod-; secret=\${secret}${name}-memory; exec 7>/tmp/gone; echo file-of-${name} >&7; rm /tmp/gone; while :; do sleep 1; done`;

describe('a pod of several containers', { skip }, () => {
  let lab: CriLab;
  let folder: string;
  before(async () => {
    lab = await openCriLab();
    folder = join(lab.folder, 'captured');
    await mkdir(folder);
    const config = {
      metadata: { name: 'pod', uid: 'pod', namespace: 'default' },
      logDirectory: join(lab.folder, 'logs'),
      annotations: { 'io.stillframe.network': 'none' },
    };
    const { podSandboxId } = await lab.cri.runtime.runPodSandbox({ config });
    const containerIds: string[] = [];
    for (const name of NAMES) {
      const command = ['/bin/busybox', 'sh', '-c', scriptOf(name)];
      const container = { metadata: { name }, image: { image: lab.image }, command, logPath: `${name}.log` };
      const { containerId } = await lab.cri.runtime.createContainer({ podSandboxId, config: container });
      await lab.cri.runtime.startContainer({ containerId });
      containerIds.push(containerId);
    }
    await delay(500);
    await lab.cri.runtime.checkpointPod({ podSandboxId, outputPath: folder, containerIds });
    await lab.cri.runtime.removePodSandbox({ podSandboxId });
  });
  after(() => lab?.[Symbol.asyncDispose]());

  for (const name of NAMES) {
    test(`every image of ${name} is encoded to its own bytes, and read as crit reads it`, async () => {
      const unpacked = join(folder, name);
      await mkdir(unpacked);
      await execute(['tar', '--extract', '--file', join(folder, `${name}.tar`), '--directory', unpacked]);
      const set = await openSet(join(unpacked, 'checkpoint'));
      await demandRoundTrip(set);
      await demandListsOfCrit(set);
      // Both have the same kinds.
      if (name === 'one') await demandJsonOfCrit(set, { ofEachKind: 1 });
    });

    test(`what ${name} remembers and holds is in its own archive, and in no other`, async () => {
      for (const other of NAMES) {
        await using checkpoint = await openCheckpoint(join(folder, `${other}.tar`));
        const found = await Array.fromAsync(scanMemory(checkpoint, [textPattern(`pod-${name}-memory`)]));
        assert.equal(found.length > 0, other === name, other);
      }
      const { files, bytes } = await takeOut(join(folder, `${name}.tar`), join(folder, `${name}-out`));
      const ghost = files.find(({ kind }) => kind === 'ghost');
      assert.equal((await bytes(ghost)).toString(), `file-of-${name}\n`);
      assert.ok(ghost?.holders.some(({ fd }) => fd === 7));
    });
  }
});
