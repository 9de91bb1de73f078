/** Copies from the archive, an image in a registry, and a copy from there when nothing local is left. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText } from '@stillframe/core';
import { demandUnbroken, waitForNumbers } from '../counter.ts';
import { made, type RestoredCopy, type Step, type Story } from '../step.ts';

interface RestoredJson {
  restored: { address: string; logPath: string }[];
}

export const restoreStep: Step = {
  id: 'restore',
  title: 'Restore two copies beside the original',
  async run(story) {
    const from = performance.now();
    const { restored } = await story.stillframe.json<RestoredJson>(
      ['restore', made(story.archive, 'archive')],
      ['--copies', '2'],
      story.signal,
    );
    story.figures['restoreMillisecondsEach'] = Math.round((performance.now() - from) / restored.length);
    const copies = await Promise.all(restored.map(({ address, logPath }) => watchCopy(story, address, logPath)));
    return copies.map(copyText).join('; ');
  },
};

export const convertStep: Step = {
  id: 'convert',
  title: 'Convert the archive to an OCI image',
  async run(story) {
    const from = performance.now();
    const built = await story.stillframe.read<{ way: string; layer: { digest: string; size: number } }>(
      ['image', 'build', made(story.archive, 'archive'), layoutOf(story)],
      story.signal,
    );
    story.figures['convertMilliseconds'] = Math.round(performance.now() - from);
    return `layer ${built.layer.digest.slice(0, 19)}… of ${bytesText(built.layer.size)}, ${built.way}`;
  },
};

export const pushStep: Step = {
  id: 'push',
  title: 'Push it to the registry',
  async run(story) {
    const from = performance.now();
    await story.stillframe.read(['image', 'push', layoutOf(story), remoteOf(story)], story.signal);
    story.figures['pushMilliseconds'] = Math.round(performance.now() - from);
    return remoteOf(story);
  },
};

export const removeStep: Step = {
  id: 'remove',
  title: 'Remove everything local',
  async run(story) {
    await story.stillframe.atNode(['node', 'down', '--pods']);
    for (const name of ['root', 'state', 'layout', 'base-image']) {
      await rm(join(story.folder, name), { recursive: true, force: true });
    }
    await story.stillframe.up(0, story.signal);
    return 'pods, archive, layout, images; a fresh node is up';
  },
};

export const restoreFromRegistryStep: Step = {
  id: 'restore-from-registry',
  title: 'Pull it and restore from the registry',
  async run(story) {
    const from = performance.now();
    const { restored } = await story.stillframe.json<RestoredJson>(
      ['restore', remoteOf(story)],
      ['--name', 'from-registry'],
      story.signal,
    );
    story.figures['pullAndRestoreMilliseconds'] = Math.round(performance.now() - from);
    const [one] = restored;
    if (!one) throw new Error('nothing was restored');
    return copyText(await watchCopy(story, one.address, one.logPath));
  },
};

async function watchCopy(story: Story, address: string, logPath: string): Promise<RestoredCopy> {
  const frozenAt = made(story.frozenAt, 'inspection');
  const numbers = await waitForNumbers(logPath, frozenAt, 3, story.signal);
  demandUnbroken(numbers, address);
  const went = numbers.slice(frozenAt, frozenAt + 3);
  if (went[0] !== frozenAt + 1) throw new Error(`${address} went on with ${went[0]} where ${frozenAt + 1} was due`);
  const copy = { title: address, went };
  story.copies.push(copy);
  return copy;
}

function copyText({ title, went }: RestoredCopy): string {
  return `${title.split('/')[1]}: ${(went[0] ?? 1) - 1} → ${went.join(', ')} …`;
}

function layoutOf(story: Story): string {
  return `oci:${join(story.folder, 'layout')}:counter`;
}

function remoteOf(story: Story): string {
  return `${made(story.registry, 'registry').address}/checkpoints/counter:v1`;
}
