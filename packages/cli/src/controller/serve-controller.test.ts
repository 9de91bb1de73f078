/** `stillframe controller` as a process, in real time, against a fake API server. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '@stillframe/controller';
import { type FakeApi, openFakeApi } from '@stillframe/controller/fixture';
import { textAt } from '@stillframe/core';
import { atDesk, PROGRAM } from '../desk.fixture.ts';

const TOKEN = 'a token that nobody guesses'.replaceAll(' ', '-');

describe('the controller as a process', () => {
  let api: FakeApi;
  before(async () => {
    api = await openFakeApi(systemClock);
  });
  after(() => api[Symbol.asyncDispose]());

  it('is elected, captures, takes an alert, and gives its lease back when it is ended', () =>
    atDesk(async ({ work }) => {
      const { ca } = await api.access.credentials();
      const kubeconfig = join(work, 'kubeconfig');
      const cluster = {
        server: api.access.server,
        'certificate-authority-data': Buffer.from(String(ca)).toString('base64'),
      };
      const config = {
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token: 'sesame' } }],
        contexts: [{ name: 'fake', context: { cluster: 'c', user: 'u', namespace: 'stillframe' } }],
        'current-context': 'fake',
      };
      await writeFile(kubeconfig, JSON.stringify(config));
      await writeFile(join(work, 'token'), TOKEN);
      const words = ['--kubeconfig', kubeconfig, '--health', '127.0.0.1:0', '--webhook', '127.0.0.1:0'];
      const args = [PROGRAM, 'controller', ...words, '--webhook-token-file', join(work, 'token')];
      const child: ChildProcess = spawn(process.execPath, args, { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });
      try {
        let log = '';
        child.stderr?.on('data', (chunk) => {
          log += String(chunk);
        });
        const until = async (what: string, isSo: () => boolean) => {
          for (let turn = 0; turn < 600 && !isSo(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
          assert.ok(isSo(), `${what}: ${log}`);
        };
        await until('it leads', () => log.includes('is the leader'));
        const place = { kubeNamespace: 'shop' };
        const running = { name: 'app', image: 'app:1', containerID: 'containerd://c1', state: { running: {} } };
        api.objects.create(
          { ...place, resource: 'pods' },
          {
            metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
            spec: { nodeName: 'node-1' },
            status: { phase: 'Running', containerStatuses: [running] },
          },
        );
        const make = (plural: string, kind: string, spec: object) =>
          api.objects.create(
            { ...place, resource: `stillframe.io/${plural}` },
            { apiVersion: 'stillframe.io/v1alpha1', kind, metadata: { name: 'one', namespace: 'shop' }, spec },
          );
        make('checkpoints', 'Checkpoint', { podName: 'web' });
        const checkpoints = () => api.objects.all('stillframe.io/checkpoints');
        await until('it captures', () => textAt(checkpoints()[0], 'status', 'phase') === 'Captured');
        make('checkpointpolicies', 'CheckpointPolicy', { selector: {}, triggers: { falco: {} } });
        await until('it watches pods', () => api.counts.has('watch pods'));
        const port = /"webhook":(\d+)/.exec(log)?.[1];
        const body = JSON.stringify({
          ...{ rule: 'r', priority: 'Critical', output: 'o' },
          output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web' },
        });
        const headers = { authorization: `Bearer ${TOKEN}` };
        const answer = await fetch(`http://127.0.0.1:${port}/falco`, { method: 'POST', body, headers });
        assert.equal(answer.status, 202);
        await until('the second is captured', () => api.captures.length === 2);
        child.kill('SIGTERM');
        const [code] = (await once(child, 'exit')) as [number | null];
        assert.equal(code, 0, log);
        assert.equal(textAt(api.objects.all('coordination.k8s.io/leases')[0], 'spec', 'holderIdentity'), '');
        assert.ok(!log.includes(TOKEN) && !log.includes('sesame'));
      } finally {
        child.kill('SIGKILL');
      }
    }));

  it('refuses what it cannot begin with', () =>
    atDesk(async (desk) => {
      const refused = async (...args: string[]) => {
        const { code, stderr } = await desk.run('controller', ...args);
        assert.notEqual(code, 0);
        return stderr;
      };
      assert.match(await refused('--health', 'here'), /HOST:PORT/);
      assert.match(await refused('--requests', '0'), /whole number/);
      assert.match(await refused('--webhook', ':0'), /go together/);
      assert.match(await refused('--webhook', ':0', '--webhook-token-file', 'x', '--webhook-key', 'x'), /go together/);
      assert.match(await refused('--kubeconfig', 'none'), /ERR_CLUSTER_KUBECONFIG/);
    }));
});
