/** Pods of manifests on a real node: kept, replaced, restarted, adopted. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needs } from '@stillframe/testkit';
import { isReady, type KeptPods, openKeptPods, podOf } from './kept-pods.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'cni');

describe('pods of a folder of manifests', { skip }, () => {
  let kept: KeptPods;
  before(async () => {
    kept = await openKeptPods();
  });
  after(() => kept[Symbol.asyncDispose]());

  test('share files between containers that begin in their order, with texts, fields and limits', async () => {
    const { image } = kept.lab;
    const mounts = [{ name: 'shared', mountPath: '/shared' }];
    const step = (name: string, script: string) => ({
      name,
      image,
      command: ['sh', '-c', script],
      volumeMounts: mounts,
    });
    const spec = {
      initContainers: [
        step('first', 'echo one >> /shared/steps'),
        step('second', 'sleep 0.3; echo two >> /shared/steps'),
      ],
      volumes: [
        { name: 'shared', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'texts', configMap: { name: 'texts', defaultMode: 0o440 } },
      ],
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['db.example'] }],
      securityContext: { fsGroup: 1234 },
    };
    const container = {
      args: ['$(NAME) on $(NODE) says $(WORD)'],
      env: [
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'NODE', value: 'this' },
        { name: 'WORD', valueFrom: { configMapKeyRef: { name: 'texts', key: 'word' } } },
      ],
      resources: { limits: { cpu: '500m', memory: '64Mi' } },
      volumeMounts: [...mounts, { name: 'memory', mountPath: '/memory' }, { name: 'texts', mountPath: '/texts' }],
    };
    const texts = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'texts' }, data: { word: 'hello' } };
    await kept.put('texts.yaml', texts);
    await kept.put(
      'whole.yaml',
      podOf('whole', image, 'cat /shared/steps; echo "$0"; exec sleep 1000', { spec, container }),
    );
    const pod = await kept.until('whole', isReady);
    assert.equal(pod.status.phase, 'Running');
    assert.deepEqual(await kept.logs('whole/main'), ['one', 'two', 'whole on this says hello']);
    const said = await kept.said(
      pod,
      'cat /texts/word; busybox stat -c %g:%a /shared; busybox df -k /memory | busybox tail -1; cat /etc/hosts; echo $IP',
    );
    assert.match(said, /^hello1234:2777\ntmpfs +1024 /);
    assert.match(said, /^10\.1\.2\.3\tdb\.example$/m);
    assert.ok(said.trimEnd().endsWith(`\n${pod.status.podIP}`), said);
    assert.deepEqual(await readdir(join(kept.lab.folder, 'pod-logs')), [`default_whole_${pod.metadata.uid}`]);
    await kept.put('texts.yaml', { ...texts, data: { word: 'changed' } });
    for (let i = 0; i < 50 && (await kept.said(pod, 'cat /texts/word')) !== 'changed'; i++) await delay(100);
    assert.equal(await kept.said(pod, 'cat /texts/word'), 'changed', 'texts follow their documents');
    await kept.take('whole.yaml');
    await kept.untilGone('whole');
    // The runtime has forgotten it before what it had on disk goes, its logs last.
    const logs = () => readdir(join(kept.lab.folder, 'pod-logs'));
    for (let i = 0; i < 50 && (await logs()).length > 0; i++) await delay(100);
    assert.deepEqual(await logs(), []);
    assert.deepEqual(await readdir(join(kept.lab.folder, 'root/pods')), ['manifests']);
  });

  test('wait longer before each restart, and say so', async () => {
    await kept.put('crash.yaml', podOf('crash', kept.lab.image, 'echo last words > /dev/termination-log; exit 3'));
    const pod = await kept.until(
      'crash',
      ({ status }) => status.containerStatuses[0]?.state.waiting?.reason === 'CrashLoopBackOff',
    );
    const [status] = pod.status.containerStatuses;
    assert.equal(status?.restartCount, 1);
    assert.deepEqual(
      [status.lastState.terminated?.exitCode, status.lastState.terminated?.message],
      [3, 'last words\n'],
    );
    const { stdout } = await kept.lab.stillframe.atNode(['pods']);
    assert.match(stdout, /^default\/crash +0\/1 +CrashLoopBackOff +1 +\d+s$/m);
    await kept.killDaemon();
    await kept.until(
      'crash',
      ({
        status: {
          containerStatuses: [one],
        },
      }) => one?.state.waiting?.reason === 'CrashLoopBackOff' && one.restartCount === 1,
    );
    await kept.take('crash.yaml');
    await kept.untilGone('crash');
  });

  test('are ended by a liveness probe, after their hook, and started again', async () => {
    const container = {
      livenessProbe: { exec: { command: ['cat', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1 },
      lifecycle: {
        postStart: { exec: { command: ['sh', '-c', 'echo > /tmp/alive; echo begun > /proc/1/fd/1'] } },
        preStop: { exec: { command: ['sh', '-c', 'echo stopping > /proc/1/fd/1'] } },
      },
    };
    const script = "trap 'echo ended; exit 0' TERM; while :; do sleep 0.1; done";
    await kept.put('live.yaml', podOf('live', kept.lab.image, script, { container }));
    const pod = await kept.until('live', isReady);
    await kept.said(pod, 'rm /tmp/alive');
    const again = await kept.until('live', (p) => isReady(p) && p.status.containerStatuses[0]?.restartCount === 1);
    const folder = join(kept.lab.folder, 'pod-logs', `default_live_${again.metadata.uid}`, 'main');
    assert.match(await readFile(join(folder, '0.log'), 'utf8'), / F begun\n.* F stopping\n.* F ended\n$/s);
    await kept.take('live.yaml');
    await kept.untilGone('live');
  });

  test('go on where a manifest is wrong, are replaced where it changes, and adopted by the next daemon', async () => {
    const { image } = kept.lab;
    await kept.put('one.yaml', podOf('one', image, 'echo first; exec sleep 1000'));
    const first = await kept.until('one', isReady);
    await writeFile(join(kept.manifests, 'one.yaml'), '{"apiVersion":"v1","kind":"Pod","metadata":{"na');
    await delay(500);
    assert.equal((await kept.until('one', isReady)).metadata.uid, first.metadata.uid);
    assert.match((await kept.lab.stillframe.atNode(['pods'])).stderr, /^warning: .*one\.yaml: /);
    await kept.killDaemon();
    await kept.put('one.yaml', podOf('one', image, 'echo first; exec sleep 1000'));
    const adopted = await kept.until('one', isReady);
    assert.equal(adopted.status.containerStatuses[0]?.containerID, first.status.containerStatuses[0]?.containerID);
    await kept.put('one.yaml', podOf('one', image, 'echo second; exec sleep 1000'));
    const second = await kept.until('one', (pod) => isReady(pod) && pod.metadata.uid !== first.metadata.uid);
    assert.equal(second.status.containerStatuses[0]?.restartCount, 0);
    assert.deepEqual(await kept.logs('one/main'), ['second']);
    const { stderr } = await kept.lab.stillframe.atNode(['rm', 'one']);
    assert.match(stderr, /it comes back: it stands in .*one\.yaml/);
    await kept.until('one', isReady);
    await kept.take('one.yaml');
    await kept.untilGone('one');
  });

  test('of `run -f` are waited for, kept by the node, and end with `rm`', async () => {
    const file = join(kept.lab.folder, 'ran.yaml');
    await writeFile(file, JSON.stringify(podOf('ran', kept.lab.image, 'exec sleep 1000')));
    const { stdout } = await kept.lab.stillframe.atNode(['run'], ['-f', file]);
    assert.equal(stdout, 'default/ran Running\n');
    await assert.rejects(kept.lab.stillframe.atNode(['run'], ['-f', file]), /ERR_POD_EXISTS/);
    await kept.killDaemon();
    await kept.until('ran', isReady);
    await kept.lab.stillframe.atNode(['rm', 'ran']);
    assert.deepEqual(
      (await kept.pods()).filter(({ metadata }) => metadata.name === 'ran'),
      [],
    );
  });
});
