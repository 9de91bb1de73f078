/** The kubelet's API over the CRI socket of containerd and CRI-O: the same calls, and what these runtimes make of them. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectSpdy } from '@stillframe/cri/spdy';
import { execute } from '@stillframe/demo/stage';
import { RegistryClient } from '@stillframe/oci';
import { needs, type RunningRegistry, startRegistry } from '@stillframe/testkit';
import { startCrio } from './crio.ts';
import { buildEngineImages, type Engine, startContainerd } from './engines.ts';
import { waitForText } from './log-lines.ts';

const PROGRAM = join(import.meta.dirname, '../../packages/cli/bin/stillframe.mjs');
/** Memory that makes a checkpoint take a while. */
const BULK = 512 << 20;
const SCRIPT = `(/bin/busybox head -c ${BULK} /dev/zero; echo full >&2; sleep 100000) | /bin/busybox tail -c ${BULK} &
  i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.1; done`;
const ENGINES = [
  { name: 'containerd', gate: needs('checkpoint', 'docker-registry', 'redis', 'containerd'), open: startContainerd },
  { name: 'CRI-O', gate: needs('checkpoint', 'docker-registry', 'redis', 'cri-o'), open: startCrio },
];

for (const { name, gate, open } of ENGINES) {
  describe(`the kubelet’s API over ${name}`, gate, () => {
    let folder: string;
    let registry: RunningRegistry;
    let theirs: Engine;
    let endpoints: { kubelet: string; clientCertificate: string; clientKey: string; checkpoints: string };

    const stillframe = (...argv: string[]) =>
      execute([process.execPath, PROGRAM, ...argv, '--root', join(folder, 'root'), '--state', join(folder, 'state')]);
    /** A command that asks no node. */
    const plain = (...argv: string[]) => execute([process.execPath, PROGRAM, ...argv]);
    const curl = async (path: string, ...more: string[]) => {
      const { kubelet, clientCertificate: cert, clientKey: key } = endpoints;
      const asked = ['-sSk', '--cert', cert, '--key', key, '-w', '\n%{http_code}', ...more, `${kubelet}${path}`];
      const { stdout } = await execute(['curl', ...asked]);
      const end = stdout.lastIndexOf('\n');
      return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
    };
    const counted = async () => Number(/count (\d+)\n$/.exec((await logs('tailLines=1')).body)?.[1]);
    const logs = (query: string) => curl(`/containerLogs/default/counters/counter?${query}`);

    before(async () => {
      folder = await mkdtemp('/var/tmp/stillframe-lab-');
      registry = await startRegistry();
      await using client = new RegistryClient(registry.address);
      await mkdir(join(folder, 'images'));
      await buildEngineImages((repository) => client.repository(repository), join(folder, 'images'));
      const image = `${registry.address}/engines:v1`;
      theirs = await open(join(folder, 'engine'), registry.address);
      await theirs.cri.image.pullImage({ image: { image } });
      const linux = {
        cgroupParent: theirs.cgroupParent,
        securityContext: { namespaceOptions: { network: 0, pid: 1, ipc: 0, targetId: '' } },
      };
      const pod = {
        metadata: { name: 'counters', uid: 'uid-counters', namespace: 'default' },
        logDirectory: join(folder, 'logs'),
        linux,
      } as Parameters<typeof theirs.cri.runtime.runPodSandbox>[0]['config'];
      const { podSandboxId } = await theirs.cri.runtime.runPodSandbox({ config: pod });
      const config = {
        metadata: { name: 'counter' },
        image: { image },
        command: ['sh', '-c', SCRIPT],
        logPath: 'counter.log',
        annotations: { 'org.criu.config': theirs.criuConfig },
        linux: { securityContext: linux.securityContext },
      } as Parameters<typeof theirs.cri.runtime.createContainer>[0]['config'];
      const { containerId } = await theirs.cri.runtime.createContainer({ podSandboxId, config, sandboxConfig: pod });
      await theirs.cri.runtime.startContainer({ containerId });
      const { stdout } = await stillframe('node', 'up', '--cri', theirs.cri.socket, '--port', '0', '-o', 'json');
      endpoints = JSON.parse(stdout);
      await waitForText(join(folder, 'logs/counter.log'), / full$/m);
    });
    after(async () => {
      if (endpoints) await stillframe('node', 'down');
      await theirs?.[Symbol.asyncDispose]();
      await registry?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    test('checkpoints: the archive is whole and private, two who ask at once share it, and the container goes on', async () => {
      const answers = await Promise.all([1, 2].map(() => curl('/checkpoint/default/counters/counter', '-X', 'POST')));
      for (const { status, body } of answers) assert.equal(status, 200, body);
      assert.equal(answers[0]?.body, answers[1]?.body);
      const [archive = ''] = JSON.parse(answers[0]?.body ?? '').items;
      assert.equal((await stat(archive)).mode & 0o777, 0o600);
      const { stdout } = await execute(['tar', '--list', '--file', archive]);
      for (const wanted of ['spec.dump', 'config.dump', 'checkpoint/']) assert.ok(stdout.includes(wanted), wanted);
      const before = await counted();
      await delay(500);
      assert.ok((await counted()) > before);
    });

    const predicateOf = async (archive: string) => {
      const { payload } = JSON.parse(await readFile(`${archive}.evidence.json`, 'utf8'));
      return JSON.parse(Buffer.from(payload, 'base64').toString()).predicate;
    };
    const theirName = name === 'containerd' ? /^containerd / : /^cri-o /;

    test('leaves signed evidence of the finished archive, with everybody who asked and no pause that is not known', async () => {
      const answers = await Promise.all([1, 2].map(() => curl('/checkpoint/default/counters/counter', '-X', 'POST')));
      const [archive = ''] = JSON.parse(answers[0]?.body ?? '').items;
      const predicate = await predicateOf(archive);
      assert.match(predicate.versions.runtime, theirName);
      assert.equal(predicate.digests.taken, 'after-writing');
      assert.equal(predicate.pause.truePause, null);
      assert.ok(predicate.pause.atMost > 0 && predicate.size > BULK / 2 && predicate.memory.leaves > 0);
      assert.deepEqual(
        predicate.askedBy.map(({ user }: { user: string }) => user),
        ['stillframe:admin', 'stillframe:admin'],
      );
      const { evidenceKey } = JSON.parse((await stillframe('node', 'status', '-o', 'json')).stdout);
      const { stdout } = await plain('verify', archive, '--key', evidenceKey.file, '-o', 'json');
      const { holds, note, checks } = JSON.parse(stdout);
      assert.equal(holds, true, stdout);
      assert.match(
        note,
        /^digests were taken after writing, by .*the true pause is not recorded by this runtime; at most/,
      );
      assert.match(checks.custody.text, /^2 entries, /);
      const refused = await curl('/checkpoint/default/counters/counter?maxPause=1s', '-X', 'POST');
      assert.equal(refused.status, 400);
      await rm(archive);
    });

    test('and so does the command, over the socket and over the API, and of a pod one statement besides', async () => {
      await plain('key', 'generate', join(folder, 'mine'));
      const sign = ['--sign-key', join(folder, 'mine.key')];
      const out = join(folder, 'single.tar');
      const asked = [
        'checkpoint',
        'default/counters/counter',
        '--cri',
        theirs.cri.socket,
        '-e',
        out,
        ...sign,
        '-o',
        'json',
      ];
      const single = JSON.parse((await stillframe(...asked)).stdout);
      assert.equal(single.evidence, `${out}.evidence.json`);
      assert.ok(single.pauseAtMostMicroseconds > 0 && single.truePauseMicroseconds === undefined);
      assert.equal((await predicateOf(out)).askedBy[0].authenticated, false);
      await plain('verify', out, '--key', join(folder, 'mine.pub'));
      await rm(out);

      const { kubelet, clientCertificate, clientKey } = endpoints;
      const tls = ['--cert', clientCertificate, '--key', clientKey, '--insecure-skip-tls-verify', '-o', 'json'];
      const byApi = await stillframe('checkpoint', 'default/counters/counter', '--kubelet', kubelet, ...tls);
      const { archive, evidence } = JSON.parse(byApi.stdout);
      assert.equal(evidence, `${archive}.evidence.json`);
      const lines = (await readFile(`${archive}.custody.jsonl`, 'utf8')).trimEnd().split('\n');
      assert.equal(lines.length, 2, 'whom the API took the request from, and the user of the command');
      await rm(archive);

      const pod = join(folder, 'pod');
      const all = ['--all-containers', '--non-atomic', '--cri', theirs.cri.socket, '-e', pod];
      await stillframe('checkpoint', 'default/counters', ...all, ...sign);
      await plain('verify', pod, '--key', join(folder, 'mine.pub'));
      await rm(join(pod, 'counter.tar'));
      await assert.rejects(plain('verify', pod), /counter\.tar is missing/);
    });

    test('says no in the runtime’s words', async () => {
      assert.deepEqual(await curl('/checkpoint/default/none/counter', '-X', 'POST'), {
        status: 404,
        body: 'pod does not exist',
      });
    });

    test('gives logs and what follows', async () => {
      const { body } = await logs('tailLines=2&timestamps=1');
      assert.match(body, /^(?:\d{4}-\d\d-\d\dT\S+ count \d+\n){2}$/);
    });

    test('runs a command, and hands a stream on to the runtime’s own streaming server', async () => {
      const run = await curl('/run/default/counters/counter?cmd=echo%20hi', '-X', 'POST');
      assert.deepEqual(run, { status: 200, body: 'hi\n' });
      const tls = {
        cert: await readFile(endpoints.clientCertificate, 'utf8'),
        key: await readFile(endpoints.clientKey, 'utf8'),
        rejectUnauthorized: false,
      };
      const query = 'command=sh&command=-c&command=read+line%3B+echo+got+%24line&input=1&output=1';
      const here = await spoken(`${endpoints.kubelet}/exec/default/counters/counter?${query}`, tls);
      if (name === 'containerd') assert.equal(here, 'got over spdy\n');
      // Where a runtime cuts its own clients off, it does so with ours: nothing is added or left out.
      const { containers } = await theirs.cri.runtime.listContainers({});
      const cmd = ['sh', '-c', 'read line; echo got $line'];
      const request = { containerId: containers[0]?.id ?? '', cmd, stdin: true, stdout: true };
      assert.equal(here, await spoken((await theirs.cri.runtime.exec(request)).url, {}));
    });

    test('a client that hangs up leaves no file, and the container running', async () => {
      const archives = async () => (await readdir(endpoints.checkpoints)).filter((file) => file.endsWith('.tar'));
      const before = await archives();
      const asking = curl('/checkpoint/default/counters/counter', '-X', 'POST', '--max-time', '0.5');
      await assert.rejects(asking, /timed out/);
      await delay(8000);
      assert.deepEqual(await archives(), before);
      const count = await counted();
      await delay(500);
      assert.ok((await counted()) > count);
    });
  });
}

/** What a command that is asked to repeat a line says, or that the connection was cut off. */
async function spoken(address: string, options: Parameters<typeof connectSpdy>[2]): Promise<string> {
  const { connection } = await connectSpdy(address, ['v4.channel.k8s.io'], options);
  const streams = ['error', 'stdin', 'stdout'].map((type) => connection.open(new Map([['streamtype', type]])));
  streams[1]?.end('over spdy\n');
  const [, , stdout = ''] = await Promise.all(
    streams.map((stream) => text(stream as unknown as Readable).catch(() => 'cut off')),
  );
  await connection.close();
  return stdout;
}
