/** The daemon as an operator has it: configured, watched, logging, and asked to end. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '@stillframe/checkpoint';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { execute } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const PROGRAM = fileURLToPath(new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url));

interface Daemon {
  endpoints: Endpoints & { socket: string; metrics?: string };
  child: ChildProcess;
  /** Every line of standard error so far. */
  lines(): string[];
  /** Ends it as a supervisor does; returns its exit code and the milliseconds it took. */
  end(): Promise<{ code: number | null; took: number }>;
}

describe('a daemon', { skip }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
  });
  after(() => lab[Symbol.asyncDispose]());

  const started: Daemon[] = [];
  after(() => {
    for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL');
  });

  const stateOf = (name: string) => join(lab.folder, name, 'state');
  /** `node up --foreground`, as a unit has it; ready when this returns. */
  const up = async (name: string, args: string[], env: Record<string, string> = {}): Promise<Daemon> => {
    const state = args.includes('--state') ? (args[args.indexOf('--state') + 1] ?? '') : stateOf(name);
    const child = spawn(process.execPath, [PROGRAM, 'node', 'up', '--foreground', ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += String(chunk);
    });
    const lines = () => text.split('\n').filter(Boolean);
    for (const deadline = Date.now() + 60_000; Date.now() < deadline && child.exitCode === null; await delay(50)) {
      const file = await readFile(join(state, 'endpoints.json'), 'utf8').catch(() => '{}');
      const endpoints = JSON.parse(file) as Daemon['endpoints'];
      if (endpoints.pid !== child.pid) continue;
      const end = async () => {
        const from = performance.now();
        const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        return { code: await exited, took: performance.now() - from };
      };
      const daemon = { endpoints, child, lines, end };
      started.push(daemon);
      return daemon;
    }
    return assert.fail(`it does not serve: ${text}`);
  };
  const configured = async (name: string, yaml: string): Promise<string> => {
    const folder = join(lab.folder, name);
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'node.yaml');
    await writeFile(path, `root: ${folder}/root\nstate: ${folder}/state\nport: 0\n${yaml}`);
    return path;
  };
  const parentOf = (name: string) => `/${basename(lab.folder)}-${name}`;
  const run = async (cri: CriClient, name: string, script: string) => {
    await cri.image.pullImage({ image: { image: lab.image } });
    const config = {
      metadata: { name, uid: name, namespace: 'default' },
      logDirectory: join(lab.folder, 'logs', name),
      annotations: { 'io.stillframe.network': 'none' },
    };
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
    const container = { metadata: { name }, image: { image: lab.image }, command: ['sh', '-c', script] };
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
    await cri.runtime.startContainer({ containerId });
    return { podSandboxId, containerId };
  };
  /** As `node down --pods`. */
  const cleaned = (state: string) =>
    execute([process.execPath, PROGRAM, 'node', 'down', '--pods', '--state', state, '--root', join(state, '../root')]);
  const codeOf = async (work: Promise<unknown>) =>
    await work.then(
      () => 'answered',
      (error: { code?: string }) => error.code ?? String(error),
    );

  test('takes flags over environment over file over defaults', async () => {
    const folder = join(lab.folder, 'order');
    const from = (name: string) => join(folder, name);
    // The file says all three, the environment two of them, flags one.
    const config = await configured('order', `cgroupParent: ${parentOf('file')}\nlogLevel: debug\n`);
    await writeFile(config, (await readFile(config, 'utf8')).replace('root: ', 'host: "::1"\nroot: '));
    const env = {
      STILLFRAME_CONFIG: config,
      STILLFRAME_ROOT: from('root-of-environment'),
      STILLFRAME_STATE: from('state-of-environment'),
    };
    const daemon = await up('order', ['--state', from('state-of-flag')], env);
    const exists = async (path: string) => (await stat(path).catch(() => undefined)) !== undefined;
    assert.match(daemon.endpoints.kubelet, /^https:\/\/\[::1\]:\d+$/, 'the file over the default');
    assert.equal(daemon.endpoints.socket, join(from('state-of-flag'), 'cri.sock'), 'the flag over all');
    assert.ok(daemon.endpoints.checkpoints.startsWith(from('root-of-environment')), 'the environment over the file');
    for (const name of ['root', 'state', 'state-of-environment']) assert.equal(await exists(from(name)), false, name);
    assert.equal((await daemon.end()).code, 0);
  });

  test('logs one JSON document a line, and serves metrics and health on a plain port of loopback', async () => {
    const config = await configured('watched', 'metrics: { port: 0 }\nlogLevel: info\n');
    const daemon = await up('watched', ['--config', config, '--cgroup-parent', parentOf('watched')]);
    await using cri = await openCriClient({ socket: daemon.endpoints.socket });
    await assert.rejects(cri.runtime.removeContainer({}).then(() => cri.runtime.startContainer({ containerId: 'x' })));
    const url = daemon.endpoints.metrics ?? '';
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(await (await fetch(`${url}/healthz`)).text(), 'ok');
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /stillframe_cri_call_duration_seconds_count\{method="startContainer"\} 1\n/);
    assert.match(metrics, /stillframe_cri_call_errors_total\{method="startContainer",code="5"\} 1\n/);
    const entries = daemon.lines().map((line) => JSON.parse(line) as { level: string; message: string; time: string });
    assert.ok(entries.every(({ level, message, time }) => level !== 'debug' && message && Date.parse(time) > 0));
    assert.ok(entries.some(({ message }) => message === 'node serves'));
    assert.ok(entries.some(({ level, message }) => level === 'warn' && message === 'RPC failed'));
    await cri[Symbol.asyncDispose]();
    assert.equal((await daemon.end()).code, 0);
    await assert.rejects(fetch(`${url}/healthz`));
  });

  test('that is asked to end lets calls under way end, takes no new ones, and leaves its containers running', async () => {
    const config = await configured('graceful', 'stopTimeout: 30\n');
    const args = ['--config', config, '--cgroup-parent', parentOf('graceful')];
    const daemon = await up('graceful', args);
    const cri = await openCriClient({ socket: daemon.endpoints.socket, timeoutMs: 60_000 });
    const { containerId, podSandboxId } = await run(cri, 'lasting', "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    const events = (async () => {
      for await (const _event of cri.runtime.getContainerEvents({}));
    })();
    const location = join(lab.folder, 'graceful.tar');
    const calls = [
      cri.runtime.execSync({ containerId, cmd: ['sh', '-c', 'sleep 2; echo done'], timeout: 20n }),
      delay(200).then(() => cri.runtime.checkpointContainer({ containerId, location })),
    ] as const;
    await delay(400);
    const ending = daemon.end();
    await delay(200);
    const late = await openCriClient({ socket: daemon.endpoints.socket, timeoutMs: 2000 }).then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    assert.notEqual(late, 'answered');
    const [said] = await Promise.all(calls);
    assert.equal(Buffer.from(said.stdout).toString(), 'done\n');
    await codeOf(events);
    const { code, took } = await ending;
    assert.equal(code, 0, daemon.lines().at(-1));
    assert.ok(took < 60_000, `${Math.round(took)} ms`);
    await using checkpoint = await openCheckpoint(location);
    assert.ok(checkpoint.archive.has('checkpoint/inventory.img'));
    assert.equal(await stat(daemon.endpoints.socket).catch(() => undefined), undefined, 'the socket is gone');
    await cri[Symbol.asyncDispose]();

    const next = await up('graceful', args);
    await using again = await openCriClient({ socket: next.endpoints.socket });
    const { containers } = await again.runtime.listContainers({ filter: { id: containerId } });
    assert.equal(containers[0]?.state, 1, 'it runs on');
    await again.runtime.removePodSandbox({ podSandboxId });
    assert.equal((await next.end()).code, 0);
  });

  test('cuts calls off that do not end in the time that the configuration gives', async () => {
    const config = await configured('hasty', 'stopTimeout: 1\n');
    const daemon = await up('hasty', ['--config', config, '--cgroup-parent', parentOf('hasty')]);
    const cri = await openCriClient({ socket: daemon.endpoints.socket, timeoutMs: 60_000 });
    const { containerId } = await run(cri, 'hasty', "trap 'exit 0' TERM; while :; do sleep 0.1; done");
    const call = codeOf(cri.runtime.execSync({ containerId, cmd: ['sleep', '30'], timeout: 60n }));
    await delay(500);
    const { code, took } = await daemon.end();
    assert.equal(code, 0, daemon.lines().at(-1));
    assert.ok(took > 900 && took < 25_000, `${Math.round(took)} ms`);
    assert.match(await call, /^ERR_CRI_/);
    await cri[Symbol.asyncDispose]();
    const next = await up('hasty', ['--config', config, '--cgroup-parent', parentOf('hasty')]);
    assert.ok(next.endpoints.pid);
    await cleaned(stateOf('hasty'));
  });
});
