/** The pod of Kubernetes' own account of forensic checkpointing, kept from a manifest, and restored by another manifest. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '@stillframe/testkit';
import { isReady, type KeptPods, openKeptPods, type PodDocument } from './kept-pods.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'cni');

/** Counts aloud, and tells the number over HTTP at port 8088. */
const SCRIPT = `
mkdir -p /tmp/www; i=0; echo 0 > /tmp/www/count
busybox httpd -p 8088 -h /tmp/www
while :; do i=$((i+1)); echo "count $i"; echo $i > /tmp/www/count; sleep 0.2; done`;

/** `image`: an ordinary one, or a checkpoint in whichever form. */
function counters(name: string, image: string): object {
  const probe = { httpGet: { path: '/count', port: 'web' }, periodSeconds: 1 };
  const container = {
    ...{ name: 'counter', image, command: ['sh', '-c', SCRIPT] },
    ports: [{ name: 'web', containerPort: 8088 }],
    ...{ startupProbe: { ...probe, failureThreshold: 30 }, readinessProbe: probe, livenessProbe: probe },
    volumeMounts: [
      { name: 'notes', mountPath: '/notes' },
      { name: 'memory', mountPath: '/memory' },
      { name: 'texts', mountPath: '/texts' },
    ],
  };
  const volumes = [
    { name: 'notes', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory' } },
    { name: 'texts', configMap: { name: 'texts' } },
  ];
  const spec = { terminationGracePeriodSeconds: 1, containers: [container], volumes };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

const TEXTS = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'texts' }, data: { word: 'hello' } };

describe('the counters pod', { skip }, () => {
  let kept: KeptPods;
  let archive = '';
  let reached = 0;
  before(async () => {
    kept = await openKeptPods();
  });
  after(() => kept[Symbol.asyncDispose]());

  const numbers = async (pod: string) =>
    (await kept.logs(`${pod}/counter`)).map((line) => Number(line.replace('count ', '')));
  /** While the number is being written the file is empty. */
  const count = async ({ status }: PodDocument) => {
    for (;;) {
      const text = await (await fetch(`http://${status.podIP}:8088/count`)).text();
      if (text.trim() !== '') return Number(text);
    }
  };
  /** Ready, counting on from the checkpoint, on its own address. */
  const demandRestored = async (name: string) => {
    const pod = await kept.until(name, isReady);
    assert.equal(pod.status.containerStatuses[0]?.restartCount, 0);
    const [first] = await numbers(name);
    assert.equal(first, 1, 'its log begins as that of the original');
    const now = await count(pod);
    assert.ok(now >= reached, `${now} is not beyond ${reached}`);
    let later = now;
    for (let i = 0; i < 50 && later <= now; i++) later = await delay(100).then(() => count(pod));
    assert.ok(later > now, 'it counts on');
    const all = await numbers(name);
    assert.deepEqual(
      all,
      all.map((_, index) => index + 1),
      'no number is missing and none twice',
    );
  };

  test('comes from a folder and is checkpointed by the kubelet’s call', async () => {
    await kept.put('counters.yaml', counters('counters', kept.lab.image), TEXTS);
    const pod = await kept.until('counters', isReady);
    await delay(1500);
    reached = await count(pod);
    assert.ok(reached > 5);
    const { status, body } = await kept.lab.curl('/checkpoint/default/counters/counter');
    assert.equal(status, 200, body);
    [archive = ''] = (JSON.parse(body) as { items: string[] }).items;
    assert.match(archive, /checkpoint-counters_default-counter-/);
  });

  test('is restored where its image is the path of the archive, beside the original', async () => {
    await kept.put('copy.yaml', counters('copy', archive));
    await demandRestored('copy');
    const original = await kept.until('counters', isReady);
    assert.equal(original.status.containerStatuses[0]?.restartCount, 0);
  });

  test('is restored again from the same checkpoint where it ends', async () => {
    const pod = await kept.until('copy', isReady);
    const id = pod.status.containerStatuses[0]?.containerID;
    process.kill(await kept.pidOf(id ?? ''), 'SIGKILL');
    const again = await kept.until('copy', (p) => isReady(p) && p.status.containerStatuses[0]?.restartCount === 1);
    assert.notEqual(again.status.containerStatuses[0]?.containerID, id);
    assert.equal((await numbers('copy'))[0], 1);
    assert.ok((await count(again)) >= reached);
    await kept.take('copy.yaml');
    await kept.untilGone('copy');
  });

  test('is restored where the manifest of the pod itself gets a checkpoint image of a registry', async () => {
    const reference = `${kept.lab.registry}/counters:v1`;
    const layout = `oci:${kept.lab.folder}/layout:v1`;
    await kept.lab.stillframe.read(['image', 'build', archive, layout]);
    await kept.lab.stillframe.read(['image', 'push', layout, reference]);
    const before = await kept.until('counters', isReady);
    await kept.put('counters.yaml', counters('counters', reference), TEXTS);
    await kept.until('counters', (pod) => pod.metadata.uid !== before.metadata.uid && isReady(pod));
    await demandRestored('counters');
  });
});
