/** For tests alone: a CRI runtime that only pretends, and a real curl to ask the API with. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { served } from '@stillframe/cri/grpc';
import { ContainerState, PodSandboxState, RuntimeService } from '@stillframe/cri/proto';
import type { PkiPaths } from './pki/node-pki.ts';

const run = promisify(execFile);
type Handlers = Parameters<typeof served<typeof RuntimeService.method>>[1];

/** How the fake runtime behaves, and what it saw. */
export const runtime = {
  requests: [] as { containerId: string; location: string; timeout: bigint; seconds: number }[],
  rolledBack: 0,
  busy: 0,
  mostBusy: 0,
  capture: async (_signal: AbortSignal): Promise<void> => undefined,
  /** Address that exec, attach and port-forward give, and what they were asked. */
  streams: '' as string | Error,
  streamRequests: [] as { verb: string; asked: Readonly<Record<string, unknown>> }[],
  output: { stdout: '', stderr: '', exitCode: 0 },
  /** Log of every container. */
  logPath: '',
  running: true,
};

async function stream(verb: string, asked: Readonly<Record<string, unknown>>): Promise<{ url: string }> {
  runtime.streamRequests.push({ verb, asked });
  if (typeof runtime.streams !== 'string') throw runtime.streams;
  return { url: runtime.streams };
}

const { SANDBOX_READY, SANDBOX_NOTREADY } = PodSandboxState;
const { CONTAINER_RUNNING, CONTAINER_EXITED } = ContainerState;

const sandbox = (id: string, name: string, state: PodSandboxState, createdAt: bigint) => ({
  id,
  metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
  state,
  createdAt,
});
const container = (id: string, podSandboxId: string, name: string, state: ContainerState, createdAt: bigint) => ({
  id,
  podSandboxId,
  metadata: { name, attempt: 0 },
  image: { image: 'sha256:abc', userSpecifiedImage: 'busybox:1' },
  imageRef: 'busybox@sha256:abc',
  state,
  createdAt,
});

const handlers: Handlers = {
  version: async () => ({ version: '0.1.0', runtimeName: 'fake', runtimeApiVersion: 'v1' }),
  listPodSandbox: async () => ({
    items: [
      sandbox('s-old', 'counters', SANDBOX_NOTREADY, 9n),
      sandbox('s-now', 'counters', SANDBOX_READY, 5n),
      sandbox('s-dot', 'etcd-node.example.com', SANDBOX_READY, 5n),
    ],
  }),
  listContainers: async ({ filter }) => ({
    containers: [
      container('c-old', 's-now', 'counter', CONTAINER_EXITED, 9n),
      container('c-now', 's-now', 'counter', CONTAINER_RUNNING, 8n),
      container('c-before', 's-now', 'counter', CONTAINER_RUNNING, 7n),
      container('c-ended', 's-now', 'ended', CONTAINER_EXITED, 7n),
      container('c-else', 's-old', 'elsewhere', CONTAINER_RUNNING, 7n),
      container('c-etcd', 's-dot', 'etcd', CONTAINER_RUNNING, 7n),
    ].filter(({ podSandboxId }) => !filter?.podSandboxId || filter.podSandboxId === podSandboxId),
  }),
  containerStatus: async ({ containerId }) => ({
    status: {
      id: containerId,
      logPath: runtime.logPath,
      state: runtime.running ? CONTAINER_RUNNING : CONTAINER_EXITED,
    },
  }),
  execSync: async ({ cmd }) => {
    runtime.streamRequests.push({ verb: 'execSync', asked: { cmd } });
    const { stdout, stderr, exitCode } = runtime.output;
    return { stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode };
  },
  exec: ({ containerId, cmd, tty, stdin, stdout, stderr }) =>
    stream('exec', { containerId, cmd, tty, stdin, stdout, stderr }),
  attach: ({ containerId, tty, stdin, stdout, stderr }) =>
    stream('attach', { containerId, tty, stdin, stdout, stderr }),
  portForward: ({ podSandboxId, port }) => stream('portForward', { podSandboxId, port }),
  checkpointContainer: async ({ containerId, location, timeout }, { signal, deadline }) => {
    runtime.requests.push({ containerId, location, timeout, seconds: (deadline - Date.now()) / 1000 });
    runtime.mostBusy = Math.max(runtime.mostBusy, ++runtime.busy);
    try {
      await writeFile(location, `archive of ${containerId}`, { flag: 'wx', mode: 0o600 });
      await runtime.capture(signal);
    } catch (error) {
      if (signal.aborted) runtime.rolledBack++;
      throw error;
    } finally {
      runtime.busy--;
    }
    return {};
  },
};

/** A runtime with two pods, whose captures write a line. */
export const fake = served(RuntimeService, handlers);

const { checkpointContainer: _lacking, ...others } = handlers;
/** One that knows nothing of captures. */
export const fakeWithoutCheckpoints = served(RuntimeService, others);

/** What real curl prints for a URL: status, content type and body. With the admin's certificate unless told. */
export async function curlWith(
  pki: PkiPaths,
  url: string,
  more: readonly string[],
): Promise<{ status: number; type: string; body: string }> {
  const { clientKey, client, authority } = pki;
  const certificate =
    more.includes('--cert') || more.includes('--no-cert') ? [] : ['--cert', client, '--key', clientKey];
  const asked = more.filter((word) => word !== '--no-cert');
  const format = '\n%{http_code}\n%{content_type}';
  const { stdout } = await run('curl', [
    ...['-sS', '--path-as-is', '--noproxy', '*', '--max-time', '60', '--cacert', authority, '-w', format],
    ...certificate,
    ...asked,
    url,
  ]);
  const [type = '', status = '', ...body] = stdout.split('\n').reverse();
  return { status: Number(status), type, body: body.reverse().join('\n') };
}
/** Waits for at most a minute until the condition holds. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 6000; i++) {
    if (await condition()) return;
    await delay(10);
  }
  assert.fail(`never: ${condition}`);
}

/** A capture that never ends by itself. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
}
