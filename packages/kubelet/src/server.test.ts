import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { listenOnSocket } from '@stillframe/cri/grpc';
import { rfc3339 } from './checkpoint/names.ts';
import { type FakeApi, openFakeApi } from './fake-api.ts';
import { curlWith, eventually, fake, runtime, untilAborted } from './fake-runtime.ts';
import { type CheckpointRecord, type KubeletApi, startKubeletApi } from './index.ts';
import { issueLeaf } from './pki/issue.ts';

describe('the kubelet-compatible API', () => {
  let node: FakeApi;
  let folder: string;
  let cri: CriClient;
  let api: KubeletApi;
  let origin: string;
  let checkpoints: string;
  const records: CheckpointRecord[] = [];

  before(async () => {
    node = await openFakeApi(() => ({ onCheckpoint: (record) => void records.push(record) }));
    ({ folder, cri, api, origin, checkpoints } = node);
  });
  after(() => node[Symbol.asyncDispose]());
  beforeEach(() => {
    Object.assign(runtime, { requests: [], rolledBack: 0, mostBusy: 0, capture: async () => undefined });
  });

  const curl = (path: string, ...more: string[]) => curlWith(api.pki, `${origin}${path}`, more);
  const post = (path: string, ...more: string[]) => curl(path, '-X', 'POST', ...more);

  it('answers 401 without a client certificate, on every path', async () => {
    for (const path of ['/checkpoint/default/counters/counter', '/healthz', '/nowhere']) {
      const { status, body } = await post(path, '--no-cert');
      assert.deepEqual({ status, body }, { status: 401, body: 'Unauthorized' });
    }
  });

  it('answers 401 to a certificate for servers, and 403 to one of our authority without the group', async () => {
    const { server, serverKey, authority, authorityKey, clientKey } = api.pki;
    const asServer = await post('/checkpoint/default/counters/counter', '--cert', server, '--key', serverKey);
    assert.equal(asServer.status, 401);
    const other = join(folder, 'other.crt');
    const signer = { certificatePem: await readFile(authority, 'utf8'), keyPem: await readFile(authorityKey, 'utf8') };
    const leaf = { use: 'client', commonName: 'jane', organizations: ['readers'] } as const;
    await writeFile(other, await issueLeaf(await readFile(clientKey, 'utf8'), leaf, signer, new Date()));
    const { status, body } = await post('/checkpoint/default/counters/counter', '--cert', other, '--key', clientKey);
    assert.equal(status, 403);
    assert.equal(body, 'Forbidden (user=jane, verb=create, resource=nodes, subresource(s)=[checkpoint])\n');
  });

  it('checkpoints the newest running container of the ready sandbox, and answers its path and nothing more', async () => {
    const began = Date.now() - 1000;
    const { status, type, body } = await post('/checkpoint/default/counters/counter');
    assert.equal(status, 200);
    assert.equal(type, 'application/json');
    const path = /^\{"items":\["([^"]+)"\]\}$/.exec(body)?.[1] ?? '';
    assert.equal(dirname(path), checkpoints);
    const named = /^checkpoint-counters_default-counter-(.+)\.tar$/.exec(basename(path))?.[1] ?? '';
    assert.match(named, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
    assert.ok(Date.parse(named) >= began && Date.parse(named) <= Date.now());
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(checkpoints)).mode & 0o777, 0o700);
    assert.equal(await readFile(path, 'utf8'), 'archive of c-now');
    assert.deepEqual(
      (await readdir(checkpoints)).filter((name) => name.startsWith('.')),
      [],
    );

    const record = records.at(-1);
    assert.equal(record?.path, path);
    assert.equal(record?.user, 'stillframe:admin');
    assert.equal(record?.containerId, 'c-now');
    assert.equal(record?.podUid, 'uid-counters');
    assert.match(record?.from ?? '', /127\.0\.0\.1|::1/);
  });

  it('takes a pod name with dots, as static pods have', async () => {
    assert.equal((await post('/checkpoint/default/etcd-node.example.com/etcd')).status, 200);
  });

  it('answers 404 for an unknown pod, an unknown container and a container of another sandbox', async () => {
    const cases = [
      ['/checkpoint/default/none/counter', 'pod does not exist'],
      ['/checkpoint/other/counters/counter', 'pod does not exist'],
      ['/checkpoint/default/counters/none', 'container none does not exist'],
      ['/checkpoint/default/counters/elsewhere', 'container elsewhere does not exist'],
      ['/nowhere', '404 page not found\n'],
      ['/checkpoint/default/counters', '404 page not found\n'],
    ] as const;
    for (const [path, body] of cases) {
      const answer = await post(path);
      assert.deepEqual([answer.status, answer.body], [404, body], path);
    }
  });

  it('lets no name out of the checkpoints folder', async () => {
    for (const name of ['..', '%2e%2e', '..%2fetc', 'a%2Fb', '%00', 'A', '-a', 'a'.repeat(254), '']) {
      for (const path of [`default/${name}/counter`, `${name}/counters/counter`, `default/counters/${name}`]) {
        assert.equal((await post(`/checkpoint/${path}`)).status, 404, path);
      }
    }
    assert.equal((await post('/checkpoint/default/counters/%zz')).status, 400);
    assert.deepEqual(runtime.requests, []);
  });

  it('gives the runtime a day: callers of one capture have each their own time, and end it by hanging up', async () => {
    assert.equal((await post('/checkpoint/default/counters/counter?timeout=7')).status, 200);
    const seen = runtime.requests.at(-1);
    assert.equal(seen?.timeout, 86_400n);
    assert.ok(seen && seen.seconds > 86_000, String(seen?.seconds));
  });

  it('answers 404 to a timeout that is no number, and 500 to a negative one, as a kubelet does', async () => {
    for (const query of ['abc', '', '1.5', '9223372036854775808', '5&timeout=x', 'x&timeout=1.']) {
      const { status, body } = await post(`/checkpoint/default/counters/counter?timeout=${query}`);
      assert.deepEqual([status, body], [404, 'cannot parse value of timeout parameter'], query);
    }
    const { status, body } = await post('/checkpoint/default/counters/counter?timeout=-1');
    const reason = 'CheckpointContainer requires the timeout value to be > 0';
    assert.deepEqual([status, body], [500, `checkpointing of default/counters/counter failed (${reason})`]);
  });

  it('answers 500 with the text of the runtime, and leaves no half archive', async () => {
    runtime.capture = () => Promise.reject(new Error('checkpoint/restore support not available'));
    const { status, body } = await post('/checkpoint/default/counters/counter');
    assert.equal(status, 500);
    const reason = 'rpc error: code = Unknown desc = checkpoint/restore support not available';
    assert.equal(body, `checkpointing of default/counters/counter failed (${reason})`);
    await assert.rejects(stat(runtime.requests[0]?.location ?? ''), { code: 'ENOENT' });
  });

  it('answers 500 for a container that has ended', async () => {
    const { status, body } = await post('/checkpoint/default/counters/ended');
    assert.deepEqual(
      [status, body],
      [500, 'checkpointing of default/counters/ended failed (container ended not found)'],
    );
  });

  it('gives up when the time asked for is over, and the runtime rolls back', async () => {
    runtime.capture = untilAborted;
    const { status, body } = await post('/checkpoint/default/counters/counter?timeout=1');
    assert.equal(status, 500);
    assert.match(body, /failed \(rpc error: code = DeadlineExceeded desc = /);
    await eventually(() => runtime.rolledBack === 1);
  });

  it('gives up when the client goes away, and the runtime rolls back', async () => {
    runtime.capture = untilAborted;
    await assert.rejects(post('/checkpoint/default/counters/counter', '--max-time', '1'));
    await eventually(() => runtime.rolledBack === 1);
    await eventually(async () => !(await readdir(checkpoints)).includes(basename(runtime.requests[0]?.location ?? '')));
  });

  it('gives captures of one second names of their own', async () => {
    const answers = [];
    for (const _ of [1, 2, 3]) answers.push(await post('/checkpoint/default/counters/counter'));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(new Set(answers.map(({ body }) => body)).size, 3);
  });

  it('gives who asks together one archive, and tells once who they were', async () => {
    runtime.capture = async () => void (await delay(300));
    const answers = await Promise.all([1, 2, 3].map((n) => post(`/checkpoint/default/counters/counter?timeout=${n}0`)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
    assert.equal(runtime.requests.length, 1);
    const { askedBy = [] } = records.at(-1) ?? {};
    assert.deepEqual(
      askedBy.map(({ user, left }) => [user, left]),
      [1, 2, 3].map(() => ['stillframe:admin', false]),
    );
    assert.equal(new Set(askedBy.map(({ auditID }) => auditID)).size, 3);
  });

  it('overwrites nothing, also of another daemon that uses the same folder', async () => {
    await using second = await startKubeletApi({
      criClient: cri,
      pkiFolder: join(folder, 'pki'),
      checkpointsFolder: checkpoints,
      port: 0,
    });
    // What is there for the next seconds was written by somebody else.
    await delay(1000 - (Date.now() % 1000));
    const taken = [0, 1].map(
      (s) => `checkpoint-counters_default-counter-${rfc3339(new Date(Date.now() + s * 1000))}.tar`,
    );
    for (const name of taken) await writeFile(join(checkpoints, name), 'not mine', { flag: 'w' });
    const mine = origin;
    const one = post('/checkpoint/default/counters/counter');
    origin = `https://localhost:${second.address.port}`;
    const two = post('/checkpoint/default/counters/counter');
    origin = mine;
    const answers = await Promise.all([one, two]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
      answers[0]?.body,
    );
    assert.notEqual(answers[0]?.body, answers[1]?.body);
    for (const name of taken) assert.equal(await readFile(join(checkpoints, name), 'utf8'), 'not mine');
  });

  it('says that it is well, and lists pods', async () => {
    assert.deepEqual(await curl('/healthz'), { status: 200, type: 'text/plain; charset=utf-8', body: 'ok' });
    const { status, body } = await curl('/pods');
    assert.equal(status, 200);
    const list = JSON.parse(body);
    assert.equal(list.kind, 'PodList');
    assert.deepEqual(
      list.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      ['counters', 'etcd-node.example.com'],
    );
    const [counters] = list.items;
    assert.deepEqual(counters.spec, {
      nodeName: 'node-1',
      containers: [
        { name: 'counter', image: 'busybox:1' },
        { name: 'ended', image: 'busybox:1' },
      ],
    });
    assert.equal(counters.status.phase, 'Running');
  });

  it('answers 500 when the runtime is gone', async () => {
    await mkdir(join(folder, 'gone'));
    const path = join(folder, 'gone', 'cri.sock');
    const other = await listenOnSocket(path, [fake]);
    await using lost = await openCriClient({ socket: path });
    await using second = await startKubeletApi({
      criClient: lost,
      pkiFolder: join(folder, 'pki'),
      checkpointsFolder: checkpoints,
      port: 0,
    });
    await other[Symbol.asyncDispose]();
    const mine = origin;
    origin = `https://localhost:${second.address.port}`;
    const { status, body } = await post('/checkpoint/default/counters/counter');
    origin = mine;
    assert.equal(status, 500);
    assert.match(body, /^checkpointing of default\/counters\/counter failed \(rpc error: code = Unavailable desc = /);
  });

  it('ends captures under way when it is disposed', async () => {
    const second = await startKubeletApi({
      criClient: cri,
      pkiFolder: join(folder, 'pki'),
      checkpointsFolder: checkpoints,
      port: 0,
    });
    runtime.capture = untilAborted;
    const mine = origin;
    origin = `https://localhost:${second.address.port}`;
    const asking = post('/checkpoint/default/counters/counter');
    origin = mine;
    await eventually(() => runtime.busy === 1);
    await second[Symbol.asyncDispose]();
    await eventually(() => runtime.rolledBack === 1);
    // The answer may or may not get out before the connection is closed.
    const [outcome] = await Promise.allSettled([asking]);
    if (outcome?.status === 'fulfilled') assert.equal(outcome.value.status, 500);
  });

  it('says so when its port is taken', async () => {
    const options = { criClient: cri, pkiFolder: join(folder, 'pki'), checkpointsFolder: checkpoints };
    const starting = startKubeletApi({ ...options, port: api.address.port });
    await assert.rejects(starting, { code: 'ERR_KUBELET_ADDRESS_IN_USE' });
  });
});
