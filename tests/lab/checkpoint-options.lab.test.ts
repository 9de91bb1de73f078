/** CRIU's options, by a container's annotation and by the node's configuration, as real dumps and restores show them. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openArchive } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { ContainerState } from '@stillframe/cri/proto';
import { decodeEnvelope } from '@stillframe/evidence';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');

const COUNT = 'trap "exit 0" TERM; while :; do sleep 0.05; done';
const LOCK = `exec 9>/tmp/lock; /bin/busybox flock -n 9; ${COUNT}`;
const GHOST = `exec 3>/tmp/ghost; /bin/busybox head -c 300000 /dev/zero >&3; rm /tmp/ghost; ${COUNT}`;
/** The client tells how its connection ended; both ends are in the container. */
const TALK = `(sleep 1000 | nc -l -p 7070 >/dev/null) & sleep 0.3
  (sleep 1000 | nc 127.0.0.1 7070; echo "closed") & ${COUNT}`;

interface Outcome {
  containerId: string;
  archive: string;
  dumpLog: string;
  options: Record<string, unknown>;
}

/** How each option is said in both places, the workload, and what is then seen. */
interface Case {
  name: string;
  annotation: Record<string, string>;
  config: string;
  script: string;
  fails?: RegExp;
  seen?(outcome: Outcome, at: { cri: CriClient; copy(archive: string): Promise<string> }): Promise<void>;
}

const CASES: readonly Case[] = [
  {
    name: 'file-locks true captures a lock',
    annotation: { 'file-locks': 'true' },
    config: 'fileLocks: true',
    script: LOCK,
    seen: async ({ options }) => assert.equal(options['fileLocks'], true),
  },
  {
    name: 'file-locks false refuses one',
    annotation: { 'file-locks': 'false' },
    config: 'fileLocks: false',
    script: LOCK,
    fails: /lock/i,
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
    seen: async ({ options, dumpLog }: Outcome) => {
      assert.equal(options['networkLock'], lock);
      assert.equal(/iptables/.test(dumpLog), lock === 'iptables', dumpLog);
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
      assert.doesNotMatch(await readFile(await copy(archive), 'utf8'), /closed/, 'the copy’s connection stands');
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
      for (const deadline = Date.now() + 5000; Date.now() < deadline; await delay(50)) {
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
    before(async () => {
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
              annotations,
            },
          });
          await cri.runtime.startContainer({ containerId });
          return { podSandboxId, containerId, log };
        };
        const { podSandboxId, containerId } = await run(`p${index}`, lab.image);
        await delay(800);
        // What holds is what the node says now, not what it said when the container was created.
        if (place === 'config') await configure(each.config);
        const out = join(lab.folder, `out-${index}`);
        await mkdir(out);
        const archive = join(out, 'c.tar');
        const asked = cri.runtime.checkpointContainer({ containerId, location: archive });
        if (each.fails) {
          await assert.rejects(asked, each.fails);
          assert.deepEqual(await readdir(out), []);
          const { status } = await cri.runtime.containerStatus({ containerId });
          assert.equal(status?.state, ContainerState.CONTAINER_RUNNING);
        } else {
          await asked;
          const outcome = { containerId, archive, ...(await factsOf(archive)) };
          await each.seen?.(outcome, { cri, copy: async (from) => (await run(`copy${index}`, from)).log });
        }
        await cri.runtime.removePodSandbox({ podSandboxId });
      });
    }
  });
}

async function factsOf(path: string): Promise<Pick<Outcome, 'dumpLog' | 'options'>> {
  await using archive = await openArchive(path);
  const dumpLog = Buffer.from(await readAll(archive.open('dump.log'), { limit: 16 << 20 })).toString();
  const { payload } = decodeEnvelope(await readFile(`${path}.evidence.json`, 'utf8'));
  const statement = JSON.parse(Buffer.from(payload).toString()) as { predicate: Pick<Outcome, 'options'> };
  return { dumpLog, options: statement.predicate.options };
}
