/** The kubelet's checkpoint call, made with curl against a real node, runc and CRIU. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { counterCommand, counterEnvironment, numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const COUNTER = 'default/counters/counter';

describe('POST /checkpoint', { skip }, () => {
  let lab: Lab;
  let log: string;
  before(async () => {
    lab = await openLab();
    log = await lab.run(COUNTER, counterCommand[2] ?? '', ['--env', counterEnvironment]);
    await waitForNumbers(log, 0, 3, AbortSignal.timeout(60_000));
  });
  after(() => lab[Symbol.asyncDispose]());

  test('asks for a client certificate', async () => {
    assert.deepEqual(await lab.curl(`/checkpoint/${COUNTER}`, { credentials: false }), {
      status: 401,
      body: 'Unauthorized',
    });
  });

  test('knows neither other pods nor other containers', async () => {
    assert.deepEqual(await lab.curl('/checkpoint/default/nobody/counter'), { status: 404, body: 'pod does not exist' });
    assert.deepEqual(await lab.curl('/checkpoint/default/counters/nobody'), {
      status: 404,
      body: 'container nobody does not exist',
    });
  });

  test('writes one archive, whole, private and recorded, and the container goes on', async () => {
    const { status, body } = await lab.curl(`/checkpoint/${COUNTER}`);
    assert.equal(status, 200);
    const [, archive = ''] = /^\{"items":\["([^"]+)"\]\}$/.exec(body) ?? [];
    assert.match(
      archive,
      /\/checkpoint-counters_default-counter-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\.tar$/,
    );
    assert.equal((await stat(archive)).mode & 0o777, 0o600);
    const envelope = JSON.parse(await readFile(`${archive}.evidence.json`, 'utf8'));
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
    const sha256 = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    assert.equal(statement.subject[0].digest.sha256, sha256);
    assert.ok(statement.predicate.pause.truePause > statement.predicate.pause.dump, 'the pause holds the dump');
    const reached = (await numbersIn(log)).length;
    const numbers = await waitForNumbers(log, reached, 2, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
      'no number skipped or repeated',
    );
  });

  test('is what `stillframe checkpoint --kubelet` asks, by names alone and over nothing else', async () => {
    const { kubelet, clientCertificate: cert, clientKey: key } = lab.endpoints;
    const place = ['--kubelet', kubelet, '--cert', cert, '--key', key, '--ca', join(dirname(cert), 'ca.crt')];
    const made = await lab.stillframe.read<{ archive: string; container: object }>(['checkpoint', COUNTER, ...place]);
    assert.deepEqual(made.container, { kubeNamespace: 'default', pod: 'counters', container: 'counter' });
    assert.ok((await stat(made.archive)).size > 0);
    const { pods } = await lab.stillframe.read<{ pods: { pod: string }[] }>(['pods', ...place]);
    assert.deepEqual(
      pods.map(({ pod }) => pod),
      ['counters'],
    );
  });

  test('gives captures one after the other different names and overwrites none', async () => {
    const answers = [];
    for (const _ of [1, 2, 3]) answers.push(await lab.curl(`/checkpoint/${COUNTER}`));
    for (const { status, body } of answers) assert.equal(status, 200, body);
    assert.equal(new Set(answers.map(({ body }) => body)).size, 3);
  });

  test('gives who asks at once one archive', async () => {
    const answers = await Promise.all([1, 2].map(() => lab.curl(`/checkpoint/${COUNTER}`)));
    for (const { status, body } of answers) assert.equal(status, 200, body);
    assert.equal(new Set(answers.map(({ body }) => body)).size, 1);
    const left = (await readdir(lab.endpoints.checkpoints)).filter((name) => name.startsWith('.'));
    assert.deepEqual(left, [], 'no temporary file or folder is left');
  });

  test('says in CRIU’s words why a container cannot be dumped, and leaves it running', async () => {
    await lab.run(
      'default/stubborn/shell',
      'echo > /dev/mqueue/x; i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done',
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { status, body } = await lab.curl('/checkpoint/default/stubborn/shell');
    assert.equal(status, 500);
    assert.match(
      body,
      /^checkpointing of default\/stubborn\/shell failed \(rpc error: code = Unknown desc = .*mqueue isn't empty/,
    );
    const { pods } = await lab.stillframe.json<PodList>(['pods']);
    assert.equal(pods.find((pod) => pod.pod === 'stubborn')?.containers[0]?.state, 'running');
    const { stdout } = await lab.stillframe.atNode(['logs', 'default/stubborn/shell']);
    const seen = stdout.trim().split('\n').length;
    await new Promise((resolve) => setTimeout(resolve, 600));
    const later = (await lab.stillframe.atNode(['logs', 'default/stubborn/shell'])).stdout.trim().split('\n').length;
    assert.ok(later > seen, 'it counts on');
  });
});

interface PodList {
  pods: { pod: string; containers: { state: string }[] }[];
}
