/** Controller and collector over one API server: what is captured, pushed and cut off by a kill ends as Delivered. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { it } from 'node:test';
import { runController, systemClock } from '@stillframe/controller';
import { type FakeApi, openFakeApi } from '@stillframe/controller/fixture';
import { at, listAt, textAt } from '@stillframe/core';
import { startStore } from '@stillframe/s3/fixture';
import { atDesk, PROGRAM } from '../desk.fixture.ts';
import { FIXTURE } from '../image/desk.fixture.ts';
import { inKubeletFolder } from './folder.fixture.ts';

const CHECKPOINTS = 'stillframe.io/checkpoints';

/** A cluster with a controller, one pod, and a Checkpoint of it. */
async function withController(use: (api: FakeApi) => Promise<void>): Promise<void> {
  await using api = await openFakeApi(systemClock);
  const place = { kubeNamespace: 'default' };
  const running = { name: 'counter', image: 'c:1', containerID: 'containerd://c1', state: { running: {} } };
  api.objects.create(
    { ...place, resource: 'pods' },
    {
      metadata: { name: 'web', namespace: 'default' },
      spec: { nodeName: 'node-1' },
      status: { phase: 'Running', containerStatuses: [running] },
    },
  );
  api.objects.create(
    { ...place, resource: CHECKPOINTS },
    {
      ...{ apiVersion: 'stillframe.io/v1alpha1', kind: 'Checkpoint', metadata: { name: 'one', namespace: 'default' } },
      spec: { podName: 'web', destination: { kind: 'Collector' } },
    },
  );
  const ending = new AbortController();
  const lease = { kubeNamespace: 'stillframe', name: 'stillframe-controller' };
  const counted = { capture: () => undefined, cause: () => undefined, request: () => undefined };
  const ended = runController(
    {
      ...{ access: api.access, clock: systemClock, log: { log: () => undefined }, identity: 'one', lease, counted },
      requestsPerSecond: 100,
    },
    ending.signal,
  );
  try {
    await use(api);
  } finally {
    ending.abort(new DOMException('the test ends it', 'AbortError'));
    await ended;
  }
}

async function until(what: string, isSo: () => boolean, said: () => string = () => ''): Promise<void> {
  for (let turn = 0; turn < 600 && !isSo(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(isSo(), `${what} ${said()}`);
}

it('a report that a kill cut off is made by the next start, and the controller takes it over', () =>
  withController((api) =>
    inKubeletFolder(async ({ folder, state, root, run, write }) => {
      await using store = await startStore();
      const status = () => at(api.objects.all(CHECKPOINTS)[0], 'status');
      const delivered = () => listAt(status(), 'conditions').find((each) => at(each, 'type') === 'Delivered');
      await until('it is captured', () => textAt(status(), 'phase') === 'Captured');
      const name = basename(textAt(status(), 'archive', 'path'));
      await copyFile(FIXTURE, join(folder, name));
      const key = await write('key', '[default]\naws_access_key_id = AKTEST\naws_secret_access_key = secret\n');
      const { ca } = await api.access.credentials();
      const cluster = {
        server: api.access.server,
        'certificate-authority-data': Buffer.from(String(ca)).toString('base64'),
      };
      const config = await write(
        'kubeconfig',
        JSON.stringify({
          clusters: [{ name: 'c', cluster }],
          users: [{ name: 'u', user: { token: 'sesame' } }],
          contexts: [{ name: 'fake', context: { cluster: 'c', user: 'u' } }],
          'current-context': 'fake',
        }),
      );
      const args = [
        ...['collect', folder, '--to', 's3://evidence', '--s3-endpoint', store.place.endpoint.href],
        ...['--s3-region', 'test-1', '--state', state, '--settle', '0s', '--findings'],
        ...['--report', '--node-name', 'node-1', '--kubeconfig', config],
      ];
      // The collector lists; the controller has its list, and watches.
      api.before = ({ verb, resource }) => (verb === 'list' && resource === CHECKPOINTS ? 'drop' : undefined);
      const env = { PATH: process.env['PATH'], HOME: root, TMPDIR: root, AWS_SHARED_CREDENTIALS_FILE: key };
      const killed = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let log = '';
      killed.stderr.on('data', (chunk) => {
        log += String(chunk);
      });
      try {
        await until(
          'it is pushed and cannot be told',
          () => log.includes('cannot be told') && log.includes('archive pushed'),
          () => log,
        );
      } finally {
        const exit = once(killed, 'exit');
        killed.kill('SIGKILL');
        await exit;
      }
      assert.notEqual(at(delivered(), 'status'), 'True');
      await rm(join(folder, name));
      api.before = () => undefined;
      const puts = store.requests.filter((each) => each.startsWith('PUT')).length;
      const { code, stderr } = await run([...args, '--once'], { AWS_SHARED_CREDENTIALS_FILE: key });
      assert.equal(code, 0, stderr);
      assert.equal(store.requests.filter((each) => each.startsWith('PUT')).length, puts, 'nothing is pushed again');
      await until('it is delivered', () => at(delivered(), 'status') === 'True');
      assert.match(textAt(delivered(), 'message'), /^s3:\/\/evidence\/node-1\/.*\.tar$/);
      const findings = at(status(), 'findings');
      assert.equal(typeof at(findings, 'critical'), 'number');
      assert.ok(!`${log}${stderr}`.includes('sesame'));
    }),
  ));

it('words that say whom to tell and words that want it told go together', () =>
  atDesk(async (desk) => {
    const words = ['collect', desk.work, '--to', 'registry.example/x', '--state', join(desk.work, 'state'), '--once'];
    const refused = async (...more: string[]) => {
      const { code, stderr } = await desk.run(...words, ...more);
      assert.equal(code, 2, stderr);
      return stderr;
    };
    assert.match(await refused('--context', 'prod'), /go with --report/);
    assert.match(await refused('--report'), /needs --node-name/);
    assert.match(await refused('--report', '--node-name', 'a name'), /needs --node-name/);
  }));
