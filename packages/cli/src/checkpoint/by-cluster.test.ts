/** `stillframe checkpoint --context` and `kubectl checkpoint` against a fake API server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, digestOf } from '@stillframe/core';
import { decodeEnvelope } from '@stillframe/evidence';
import { type FakeCluster, openFakeCluster, statusAnswer } from '@stillframe/kubernetes/fixture';
import { atDesk } from '../desk.fixture.ts';

const NAME = 'checkpoint-web_default-app-2026-01-01T00:00:00Z.tar';
const PLUGIN = fileURLToPath(new URL('../../bin/kubectl-checkpoint.mjs', import.meta.url));

describe('checkpoint in a cluster', () => {
  let cluster: FakeCluster;
  before(async () => {
    cluster = await openFakeCluster();
    await writeFile(join(cluster.checkpoints, NAME), Buffer.alloc(5000, 'memory'));
  });
  after(() => cluster[Symbol.asyncDispose]());
  beforeEach(() => {
    cluster.requests.length = 0;
    cluster.kubelet = () => ({
      status: 200,
      body: JSON.stringify({ items: [`/var/lib/kubelet/checkpoints/${NAME}`] }),
    });
  });

  it('brings the archive, evidence of it, and what the cluster knew', () =>
    atDesk(async (desk) => {
      const place = ['--kubeconfig', cluster.kubeconfig, '--context', 'fake'];
      const { code, stdout, stderr } = await desk.run('checkpoint', 'default/web', ...place, '-o', 'json');
      assert.equal(code, 0, stderr);
      const told = JSON.parse(stdout);
      const archive = join(desk.work, NAME);
      assert.equal(told.archive, archive);
      assert.equal(told.node, 'node-1');
      assert.equal(told.digest, digestOf(await readFile(archive)));
      const statement = JSON.parse(
        Buffer.from(decodeEnvelope(await readFile(`${archive}.evidence.json`, 'utf8')).payload).toString(),
      );
      const context = await readFile(`${archive}.cluster.json`);
      assert.equal((await stat(`${archive}.cluster.json`)).mode & 0o077, 0);
      const { cluster: of, node, container, versions } = statement.predicate;
      assert.deepEqual(
        { node, podUid: of.podUid, document: of.document.digest, image: container.image, runtime: versions.runtime },
        {
          ...{ node: { hostname: 'node-1', kernel: '6.18.0' }, podUid: 'uid-web', document: digestOf(context) },
          ...{ image: 'app:1', runtime: 'containerd://2.1.9' },
        },
      );
      assert.equal(at(JSON.parse(context.toString()), 'kind'), 'ClusterContext');
      assert.deepEqual(cluster.pods('stillframe-fetch-'), []);
      const verify = async () => (await desk.run('verify', archive)).stdout;
      assert.match(await verify(), /cluster +holds/);
      await writeFile(`${archive}.cluster.json`, `${context} `);
      assert.match(await verify(), /cluster +DOES NOT HOLD[^\n]*was changed/);
      await rm(`${archive}.cluster.json`);
      assert.match(await verify(), /cluster +not checked/);
    }));

  it('is a plugin of kubectl, with the same options, and leaves the archive where that is wished', () =>
    atDesk(async (desk) => {
      const child = spawn(process.execPath, [PLUGIN, 'web', '-c', 'app', '--no-fetch', '-o', 'json'], {
        env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: desk.work },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let stdout = '';
      for await (const chunk of child.stdout) stdout += String(chunk);
      assert.equal(JSON.parse(stdout).nodeArchive, `/var/lib/kubelet/checkpoints/${NAME}`);
      assert.ok(!cluster.requests.some(({ line }) => /kube-system/.test(line)));
    }));

  it('says which right is lacking, and which arguments do not fit together', () =>
    atDesk(async (desk) => {
      const run = (...args: string[]) => desk.run('checkpoint', ...args, '--kubeconfig', cluster.kubeconfig);
      const message =
        'nodes "node-1" is forbidden: User "eve" cannot create resource "nodes/proxy" in API group "" at the cluster scope';
      cluster.kubelet = () => statusAnswer(403, 'Forbidden', message);
      const refused = await run('web');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /ERR_CLUSTER_FORBIDDEN[\s\S]*resources \["nodes\/proxy"\] and verbs \["create"\]/);
      for (const args of [
        ['default/web/app', '-c', 'app'],
        ['default/web', '-n', 'default'],
        ['web', '--all-containers', '-c', 'app'],
        ['web', '--max-pause', '1s'],
        ['web', '--no-fetch', '-e', 'x'],
        ['web', '--cri', '/run/x.sock'],
        ['Web'],
      ]) {
        assert.equal((await run(...args)).code, 2, args.join(' '));
      }
      const whole = await run('web', '--all-containers');
      assert.match(whole.stderr, /ERR_CHECKPOINT_NOT_ATOMIC/);
      assert.deepEqual(await desk.left(), []);
    }));
});
