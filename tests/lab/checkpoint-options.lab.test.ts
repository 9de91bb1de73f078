/** CRIU's options, by a container's annotation and by the node's configuration, as real dumps and restores show them. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StillframeError } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { decodeEnvelope } from '@stillframe/evidence';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';
import { waitForText } from './log-lines.ts';

const { skip } = needs('checkpoint', 'docker-registry');

/** Says when there is something to capture. */
const COUNT = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done';
/** Debian's busybox has no flock(1), so the host's is used; the process that took the lock lives as long as it is held. */
const LOCK = `set -- /host/lib/*-linux-gnu; exec $1/ld-linux*.so.* --library-path $1 /host/bin/flock /tmp/lock sh -c '${COUNT}'`;
const HOST = [{ hostPath: '/usr', containerPath: '/host', readonly: true }];
const GHOST = `exec 3>/tmp/ghost; /bin/busybox head -c 300000 /dev/zero >&3; rm /tmp/ghost; ${COUNT}`;
/** The client tells how its connection ended; both ends are in the container. */
const TALK = `/bin/busybox mkfifo /tmp/a /tmp/b; nc -l -p 7070 0<>/tmp/a >/dev/null & sleep 0.3
  (nc 127.0.0.1 7070 0<>/tmp/b; echo "closed") &
  until /bin/busybox grep -q ':1B9E 01 ' /proc/net/tcp; do sleep 0.02; done; sleep 0.1; ${COUNT}`;

interface Outcome {
  containerId: string;
  archive: string;
  /** How often CRIU has called iptables-restore. */
  locks: number;
  options: Record<string, unknown>;
}

/** How each option is said in both places, the workload, and what is then seen. */
interface Case {
  name: string;
  annotation: Record<string, string>;
  config: string;
  script: string;
  mounts?: typeof HOST;
  fails?: RegExp;
  seen?(outcome: Outcome, at: { cri: CriClient; copy(archive: string): Promise<string> }): Promise<void>;
}

const CASES: readonly Case[] = [
  {
    name: 'file-locks true captures a lock',
    annotation: { 'file-locks': 'true' },
    config: 'fileLocks: true',
    script: LOCK,
    mounts: HOST,
    seen: async ({ options }) => assert.equal(options['fileLocks'], true),
  },
  {
    name: 'file-locks false refuses one',
    annotation: { 'file-locks': 'false' },
    config: 'fileLocks: false',
    script: LOCK,
    mounts: HOST,
    fails: /file locks are hold/i,
  },
  {
    name: 'a small ghost-limit refuses a deleted file and says what to raise',
    annotation: { 'ghost-limit': '1000' },
    config: 'ghostLimit: 1000',
    script: GHOST,
    fails: /raise io\.stillframe\.criu\/ghost-limit/,
  },
  {
    name: 'a large ghost-limit takes it along',
    annotation: { 'ghost-limit': '1000000' },
    config: 'ghostLimit: 1000000',
    script: GHOST,
    seen: async ({ options }) => assert.equal(options['ghostLimit'], 1_000_000),
  },
  ...(['iptables', 'skip'] as const).map((lock) => ({
    name: `network-lock ${lock} is what CRIU does`,
    annotation: { 'network-lock': lock },
    config: `networkLock: ${lock}`,
    script: TALK,
    seen: async ({ options, locks }: Outcome) => {
      assert.equal(options['networkLock'], lock);
      assert.equal(locks > 0, lock === 'iptables', `iptables-restore was called ${locks} times`);
    },
  })),
  {
    name: 'leave-running false ends the container with its checkpoint',
    annotation: { 'leave-running': 'false' },
    config: 'leaveRunning: false',
    script: TALK,
    seen: async ({ containerId, archive, options }, { cri, copy }) => {
      assert.equal(options['leaveRunning'], false);
      const { status } = await cri.runtime.containerStatus({ containerId });
      assert.deepEqual([status?.state, status?.exitCode], [ContainerState.CONTAINER_EXITED, 137]);
      const log = await copy(archive);
      await delay(500);
      assert.doesNotMatch(await readFile(log, 'utf8'), /closed/, 'the copy’s connection stands');
    },
  },
  {
    name: 'manage-cgroups full dumps what the OCI runtime would leave out',
    annotation: { 'manage-cgroups': 'full' },
    config: 'manageCgroups: full',
    script: COUNT,
    seen: async ({ options }) => assert.equal(options['manageCgroups'], 'full'),
  },
  {
    name: 'tcp-established false refuses a connection and says what allows it',
    annotation: { 'tcp-established': 'false' },
    config: 'tcpEstablished: false',
    script: TALK,
    fails: /io\.stillframe\.criu\/tcp-established: "true"/,
  },
  {
    name: 'tcp-close gives a copy its connections closed',
    annotation: { 'tcp-close': 'true' },
    config: 'tcpClose: true',
    script: TALK,
    seen: async ({ archive }, { copy }) => {
      const log = await copy(archive);
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
        if (/closed/.test(await readFile(log, 'utf8'))) return;
      }
      assert.fail('the copy’s client still waits');
    },
  },
];

for (const place of ['annotation', 'config'] as const) {
  describe(`an option by ${place}`, { skip }, () => {
    let lab: Lab;
    let cri: CriClient;
    let pid: number;
    let config: string;
    let spy: Spy;
    before(async () => {
      spy = await spyOnIptables();
      lab = await openLab();
      ({ pid } = lab.endpoints);
      config = join(lab.folder, 'node.yaml');
      cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
      await cri.image.pullImage({ image: { image: lab.image } });
    });
    after(async () => {
      delete process.env['STILLFRAME_CONFIG'];
      await cri?.[Symbol.asyncDispose]();
      await lab?.[Symbol.asyncDispose]();
      await spy?.[Symbol.asyncDispose]();
    });

    const configure = async (line: string) => {
      await writeFile(config, `criu:\n  ${line}\n`);
      process.env['STILLFRAME_CONFIG'] = config;
      process.kill(pid, 'SIGKILL');
      ({ pid } = await lab.stillframe.up<Endpoints>(0));
      await cri[Symbol.asyncDispose]();
      cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
    };
    const pod = async (name: string) => {
      const logDirectory = join(lab.folder, 'logs', name);
      const metadata = { name, uid: name, namespace: 'default' };
      const annotations = { 'io.stillframe.network': 'none' };
      const { podSandboxId } = await cri.runtime.runPodSandbox({ config: { metadata, logDirectory, annotations } });
      return { podSandboxId, log: join(logDirectory, 'c.log') };
    };

    for (const [index, each] of CASES.entries()) {
      test(each.name, async () => {
        const said = Object.entries(each.annotation).map(([name, value]) => [`io.stillframe.criu/${name}`, value]);
        const annotations = place === 'annotation' ? Object.fromEntries(said) : {};
        const run = async (name: string, image: string) => {
          const { podSandboxId, log } = await pod(name);
          const { containerId } = await cri.runtime.createContainer({
            podSandboxId,
            config: {
              metadata: { name: 'c' },
              image: { image },
              command: ['/bin/busybox', 'sh', '-c', each.script],
              logPath: 'c.log',
              mounts: each.mounts ?? [],
              annotations,
            },
          });
          await cri.runtime.startContainer({ containerId });
          return { podSandboxId, containerId, log };
        };
        const { podSandboxId, containerId, log } = await run(`p${index}`, lab.image);
        await waitForText(log, / ready$/m);
        const { status: begun } = await cri.runtime.containerStatus({ containerId });
        assert.equal(begun?.state, ContainerState.CONTAINER_RUNNING, await readFile(log, 'utf8'));
        // What holds is what the node says now, not what it said when the container was created.
        if (place === 'config') await configure(each.config);
        const out = join(lab.folder, `out-${index}`);
        await mkdir(out);
        const archive = join(out, 'c.tar');
        const calls = await spy.calls();
        const asked = cri.runtime.checkpointContainer({ containerId, location: archive });
        if (each.fails) {
          const fails = each.fails;
          await assert.rejects(asked, (error) => {
            assert.ok(StillframeError.is(error), String(error));
            assert.match(`${error.message}\n${error.hint}`, fails);
            return true;
          });
          assert.deepEqual(await readdir(out), []);
          const { status } = await cri.runtime.containerStatus({ containerId });
          assert.equal(status?.state, ContainerState.CONTAINER_RUNNING);
        } else {
          await asked;
          const locks = (await spy.calls()) - calls;
          const outcome = { containerId, archive, locks, options: await optionsOf(archive) };
          await each.seen?.(outcome, { cri, copy: async (from) => (await run(`copy${index}`, from)).log });
        }
        await cri.runtime.removePodSandbox({ podSandboxId });
      });
    }
  });
}

async function optionsOf(archive: string): Promise<Outcome['options']> {
  const { payload } = decodeEnvelope(await readFile(`${archive}.evidence.json`, 'utf8'));
  const statement = JSON.parse(Buffer.from(payload).toString()) as { predicate: Pick<Outcome, 'options'> };
  return statement.predicate.options;
}

interface Spy extends AsyncDisposable {
  calls(): Promise<number>;
}

/** Puts a program before iptables-restore(8) that counts its calls: CRIU's log does not tell how it locks the network. */
async function spyOnIptables(): Promise<Spy> {
  const folder = await mkdtemp(join(tmpdir(), 'stillframe-spy-'));
  const [path = '', log] = [process.env['PATH'], join(folder, 'calls')];
  const script = `#!/bin/sh\necho called >> ${log}\nPATH=${path}:/usr/sbin:/sbin\nexec iptables-restore "$@"\n`;
  await writeFile(join(folder, 'iptables-restore'), script, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  return {
    calls: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter(Boolean).length,
    async [Symbol.asyncDispose]() {
      process.env['PATH'] = path;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
