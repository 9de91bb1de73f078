/** A pod's sandbox is as good after its daemon was killed as before: it takes new containers, restored ones too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCriClient } from '@stillframe/cri/client';
import { numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');

describe('a sandbox that outlived its daemon', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab[Symbol.asyncDispose]());

  test('takes a restore', async () => {
    const log = await lab.run(
      'default/source/counter',
      'i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done',
    );
    await waitForNumbers(log, 0, 5, AbortSignal.timeout(60_000));
    const { archive } = await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/source/counter']);
    const socket = join(lab.folder, 'state/cri.sock');
    const pod = {
      metadata: { name: 'old', uid: 'old', namespace: 'default' },
      logDirectory: join(lab.folder, 'logs-old'),
      annotations: { 'io.stillframe.network': 'none' },
    } as never;
    const podSandboxId = await withClient(socket, async (cri) => {
      const made = await cri.runtime.runPodSandbox({ config: pod });
      return made.podSandboxId;
    });
    process.kill(lab.endpoints.pid, 'SIGKILL');
    await lab.stillframe.up(0);
    await withClient(socket, async (cri) => {
      const config = { metadata: { name: 'copy' }, image: { image: archive }, logPath: 'copy.log' } as never;
      const { containerId } = await cri.runtime.createContainer({ podSandboxId, config, sandboxConfig: pod });
      await cri.runtime.startContainer({ containerId });
      const copy = join(lab.folder, 'logs-old/copy.log');
      const reached = (await numbersIn(copy)).length;
      const numbers = await waitForNumbers(copy, reached, 3, AbortSignal.timeout(60_000));
      assert.deepEqual(
        numbers,
        numbers.map((_n, i) => i + 1),
        'it goes on at the number of the checkpoint',
      );
    });
  });
});

async function withClient<T>(
  socket: string,
  work: (cri: Awaited<ReturnType<typeof openCriClient>>) => Promise<T>,
): Promise<T> {
  await using cri = await openCriClient({ socket });
  return await work(cri);
}
