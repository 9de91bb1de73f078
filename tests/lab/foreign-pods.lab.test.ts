/** Pods of manifests kept over the CRI socket of containerd and CRI-O, by the same node that serves the API over them. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { startCrio } from './crio.ts';
import { buildEngineImages, type Engine, startContainerd } from './engines.ts';

const PROGRAM = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');
const SCRIPT = 'i=0; while :; do i=$((i+1)); echo "count $i"; echo $i > /notes/count; sleep 0.1; done';
const ENGINES = [
  { name: 'containerd', gate: needs('checkpoint', 'docker-registry', 'redis', 'containerd'), open: startContainerd },
  { name: 'CRI-O', gate: needs('checkpoint', 'docker-registry', 'redis', 'cri-o'), open: startCrio },
];

interface Row {
  pod: string;
  status: string;
  restarts: number;
  message: string;
}

for (const { name, gate, open } of ENGINES) {
  describe(`pods of manifests over ${name}`, gate, () => {
    let folder: string;
    let registry: RunningRegistry;
    let theirs: Engine;
    let checkpoints = '';

    const stillframe = async (...argv: string[]) => {
      const place = ['--root', join(folder, 'root'), '--state', join(folder, 'state')];
      return (await execute([process.execPath, PROGRAM, ...argv, ...place])).stdout;
    };
    const put = (file: string, pod: string, image: string) => {
      const probe = { exec: { command: ['cat', '/notes/count'] }, periodSeconds: 1 };
      const container = {
        ...{ name: 'counter', image, command: ['sh', '-c', SCRIPT], readinessProbe: probe },
        volumeMounts: [{ name: 'notes', mountPath: '/notes' }],
      };
      const spec = {
        ...{ terminationGracePeriodSeconds: 1, volumes: [{ name: 'notes', emptyDir: {} }] },
        // Neither of them may lower the score below the daemon's own here.
        containers: [container],
      };
      const document = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec };
      return writeFile(join(folder, 'manifests', file), JSON.stringify(document));
    };
    const until = async (pod: string, is: (row: Row | undefined) => boolean) => {
      let row: Row | undefined;
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(200)) {
        const { pods } = JSON.parse(await stillframe('pods', '--output', 'json')) as { pods: Row[] };
        row = pods.find((each) => each.pod === pod);
        if (is(row)) return row;
      }
      return assert.fail(`${pod}: ${JSON.stringify(row)}`);
    };
    const counted = async (pod: string) => {
      const lines = (await stillframe('logs', `${pod}/counter`)).split('\n').filter(Boolean);
      return lines.map((line) => Number(line.replace('count ', '')));
    };

    before(async () => {
      folder = await mkdtemp('/var/tmp/stillframe-lab-');
      registry = await startRegistry();
      await using client = new RegistryClient(registry.address);
      for (const each of ['images', 'manifests']) await mkdir(join(folder, each));
      await buildEngineImages((repository) => client.repository(repository), join(folder, 'images'));
      theirs = await open(join(folder, 'engine'), registry.address);
      await writeFile(join(folder, 'node.yaml'), `podLogs: ${folder}/pod-logs\n`);
      const config = ['--config', join(folder, 'node.yaml'), '--pod-manifests', join(folder, 'manifests')];
      const more = ['--cri', theirs.cri.socket, '--port', '0', '--cgroup-parent', theirs.cgroupParent, '-o', 'json'];
      checkpoints = JSON.parse(await stillframe('node', 'up', ...config, ...more)).checkpoints;
    });
    after(async () => {
      if (checkpoints) await stillframe('node', 'down');
      await theirs?.[Symbol.asyncDispose]();
      await registry?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    test('run, are checkpointed, and restored from the archive by another manifest', async () => {
      await put('counters.yaml', 'counters', `${registry.address}/engines:v1`);
      await until('counters', (row) => row?.status === 'Running');
      await delay(1000);
      const archive = join(folder, 'counters.tar');
      const reached = (await counted('counters')).length;
      const { containers } = await theirs.cri.runtime.listContainers({});
      await theirs.cri.runtime.checkpointContainer({ containerId: containers[0]?.id ?? '', location: archive });
      await put('copy.yaml', 'copy', archive);
      await until('copy', (row) => row?.status === 'Running');
      await delay(500);
      const numbers = await counted('copy');
      assert.ok((numbers.at(-1) ?? 0) > reached, `${numbers.at(-1)} after ${reached}`);
      assert.deepEqual(
        numbers.slice(-5),
        [4, 3, 2, 1, 0].map((back) => (numbers.at(-1) ?? 0) - back),
      );
    });

    test('end with their manifests', async () => {
      for (const each of ['counters.yaml', 'copy.yaml']) await rm(join(folder, 'manifests', each));
      for (const each of ['counters', 'copy']) await until(each, (row) => row === undefined);
      assert.deepEqual((await theirs.cri.runtime.listPodSandbox({})).items, []);
    });
  });
}
