/** Registry, base image, node, pod: the stage on which the story plays. */

import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import { RegistryClient } from '@stillframe/oci';
import { startRegistry } from '@stillframe/testkit';
import { buildBaseImage } from '../base-image.ts';
import { command, environment, waitForNumbers } from '../counter.ts';
import { type Endpoints, made, type Step } from '../step.ts';

export const startRegistryStep: Step = {
  id: 'registry',
  title: 'Start a registry and push a base image',
  async run(story) {
    const registry = await startRegistry();
    story.registry = registry;
    story.cleanup.push('registry', () => registry[Symbol.asyncDispose]());
    await using client = new RegistryClient(registry.address);
    const work = join(story.folder, 'base-image');
    await mkdir(work);
    await buildBaseImage(client.repository('counter'), 'v1', work);
    return `${registry.address}/counter:v1, a busybox of one layer`;
  },
};

const KUBELET_PORT = 10_250;

export const startNodeStep: Step = {
  id: 'node',
  title: 'Start the node: CRI socket and kubelet API',
  async run(story) {
    story.cleanup.push('node', async () => void (await story.stillframe.atNode(['node', 'down', '--pods'])));
    const wanted = (await isFree(KUBELET_PORT)) ? KUBELET_PORT : 0;
    story.endpoints = await story.stillframe.up<Endpoints>(wanted, story.signal).catch((error) => {
      // Another demo may have been quicker than the look just taken.
      if (wanted === 0 || !messageOf(error).includes('ERR_KUBELET_ADDRESS_IN_USE')) throw error;
      return story.stillframe.up<Endpoints>(0, story.signal);
    });
    const taken = !story.endpoints.kubelet.endsWith(`:${KUBELET_PORT}`);
    return `${story.endpoints.kubelet}${taken ? ` (${KUBELET_PORT} is taken here)` : ''}`;
  },
};

export const startPodStep: Step = {
  id: 'pod',
  title: 'Run pod counters with container counter',
  async run(story) {
    const image = `${made(story.registry, 'registry').address}/counter:v1`;
    const started = await story.stillframe.json<{ logPath: string }>(
      ['run', 'default/counters/counter'],
      ['--image', image, '--env', environment, '--', ...command],
      story.signal,
    );
    story.originalLog = started.logPath;
    const numbers = await waitForNumbers(started.logPath, 0, 4, story.signal);
    return `it counts: ${numbers.join(', ')} …`;
  },
};

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
