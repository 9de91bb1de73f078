/**
 * For tests alone: an API server over TLS that keeps documents, refuses as it is told, hands requests for a node to `kubelet`, and
 * runs the few programs that a fetch needs over a folder. It answers as the documented API does.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { at, isObject, type JsonObject, textAt } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openNodePki } from '@stillframe/kubelet';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClusterAccess } from './access/access.ts';

export interface FakeAnswer {
  status: number;
  body: string | object;
}

export interface FakeCluster extends AsyncDisposable {
  readonly access: ClusterAccess;
  /** Path of a kubeconfig whose current context is this cluster, with the namespace `default`. */
  readonly kubeconfig: string;
  readonly authority: string;
  /** The node's folder of archives. */
  readonly checkpoints: string;
  /** Documents by path; lists are made of them. */
  readonly documents: Map<string, JsonObject>;
  /** `METHOD path` of every request, and what came with it. */
  readonly requests: { line: string; body: JsonObject | undefined; authorization: string | undefined }[];
  /** Refuses a request before anything else, by `METHOD path`. */
  refuse: (line: string) => FakeAnswer | undefined;
  /** What the kubelet answers behind the node proxy. */
  kubelet: (path: string, signal: AbortSignal) => FakeAnswer | Promise<FakeAnswer>;
  /** What becomes of a pod that is created. */
  created: (pod: JsonObject) => JsonObject;
  /** Changes what a program writes; undefined ends the connection. */
  written: (command: readonly string[], bytes: Buffer) => Buffer | undefined;
  /** Pods whose name begins so. */
  pods(prefix: string): string[];
}

export const WEB = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web', labels: { app: 'web' } },
  spec: { nodeName: 'node-1', serviceAccountName: 'web', containers: [{ name: 'app', image: 'app:1' }] },
  status: {
    phase: 'Running',
    containerStatuses: [
      { name: 'app', image: 'app:1', imageID: 'app@sha256:1', containerID: 'containerd://c1', state: { running: {} } },
    ],
  },
};
export const WEB_PATH = '/api/v1/namespaces/default/pods/web';

/** A no of the API server itself. */
export function statusAnswer(status: number, reason: string, message: string): FakeAnswer {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return { status, body };
}

export async function openFakeCluster(): Promise<FakeCluster> {
  const folder = await openTemporaryFolder(tmpdir());
  const pki = await openNodePki({ folder: join(folder.path, 'pki'), nodeName: 'api' });
  const { server: cert, serverKey: key, authority: ca } = pki;
  const server = createServer({ cert, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const checkpoints = join(folder.path, 'checkpoints');
  await mkdir(checkpoints);
  const kubeconfig = join(folder.path, 'kubeconfig');
  const config = {
    clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority': 'ca.crt' } }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'fake', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'fake',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  await writeFile(join(folder.path, 'ca.crt'), ca);
  await writeFile(join(folder.path, 'token'), 'sesame\n', { mode: 0o600 });
  const cluster: FakeCluster = {
    access: {
      ...{ server: url, context: 'fake', kubeNamespace: 'default' },
      credentials: async () => ({ ca, headers: { Authorization: 'Bearer sesame' } }),
    },
    kubeconfig,
    authority: ca,
    checkpoints,
    documents: new Map<string, JsonObject>([
      [WEB_PATH, WEB],
      [
        '/api/v1/nodes/node-1',
        {
          kind: 'Node',
          metadata: { name: 'node-1' },
          status: {
            nodeInfo: {
              kernelVersion: '6.18.0',
              kubeletVersion: 'v1.36.3',
              containerRuntimeVersion: 'containerd://2.1.9',
            },
          },
        },
      ],
    ]),
    requests: [],
    refuse: () => undefined,
    kubelet: () => ({ status: 404, body: '404 page not found\n' }),
    created: (pod) => ({
      ...pod,
      status: { phase: 'Running', containerStatuses: [{ name: 'fetch', state: { running: {} } }] },
    }),
    written: (_command, bytes) => bytes,
    pods: (prefix) =>
      [...cluster.documents.keys()].filter((path) => /\/pods\/[^/]+$/.test(path) && basename(path).startsWith(prefix)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      sockets.close();
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  };
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on('request', (request, response) => void answer(cluster, request, response));
  server.on('upgrade', (request, socket, head) => {
    const line = lineOf(request);
    cluster.requests.push({ line, body: undefined, authorization: request.headers.authorization });
    const refused = cluster.refuse(line);
    if (refused) {
      const body = JSON.stringify(refused.body);
      socket.end(
        `HTTP/1.1 ${refused.status} No\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    } else sockets.handleUpgrade(request, socket, head, (opened) => void runProgram(cluster, request, opened));
  });
  return cluster;
}

const lineOf = (request: IncomingMessage) => `${request.method} ${new URL(request.url ?? '', 'https://x').pathname}`;

async function answer(cluster: FakeCluster, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = text === '' ? undefined : (JSON.parse(text) as JsonObject);
  const line = lineOf(request);
  cluster.requests.push({ line, body, authorization: request.headers.authorization });
  const ending = new AbortController();
  response.on('close', () => ending.abort());
  const answered = cluster.refuse(line) ?? (await routed(cluster, request, line, body, ending.signal));
  const bytes = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body);
  response.writeHead(answered.status, {
    'content-type': typeof answered.body === 'string' ? 'text/plain' : 'application/json',
  });
  response.end(bytes);
}

async function routed(
  cluster: FakeCluster,
  request: IncomingMessage,
  line: string,
  body: JsonObject | undefined,
  signal: AbortSignal,
): Promise<FakeAnswer> {
  const url = new URL(request.url ?? '', 'https://x');
  const path = decodeURIComponent(url.pathname);
  const proxied = /^\/api\/v1\/nodes\/[^/]+\/proxy(\/.*)$/.exec(path)?.[1];
  if (proxied !== undefined) return await cluster.kubelet(`${request.method} ${proxied}${url.search}`, signal);
  if (path.endsWith('/log')) return { status: 200, body: '2026-01-01T00:00:00Z a line\n' };
  const found = cluster.documents.get(path);
  const [place, name] = [path.slice(0, path.lastIndexOf('/')), basename(path)];
  const missing = statusAnswer(404, 'NotFound', `${basename(place)} "${name}" not found`);
  switch (request.method) {
    case 'POST': {
      assert.ok(body);
      const named = `${path}/${textAt(body, 'metadata', 'name')}`;
      if (cluster.documents.has(named))
        return statusAnswer(409, 'AlreadyExists', `"${basename(named)}" already exists`);
      const metadata = { ...(body['metadata'] as JsonObject), uid: `uid-${cluster.requests.length}` };
      const stored = { ...body, metadata };
      cluster.documents.set(named, path.endsWith('/pods') ? cluster.created(stored) : stored);
      return { status: 201, body: stored };
    }
    case 'DELETE': {
      if (!found) return missing;
      const uid = at(body, 'preconditions', 'uid');
      if (uid !== undefined && uid !== textAt(found, 'metadata', 'uid'))
        return statusAnswer(409, 'Conflict', 'the UID in the precondition does not match');
      cluster.documents.delete(path);
      return { status: 200, body: found };
    }
    case 'PATCH': {
      if (!found) return missing;
      const merged = mergePatch(found, body);
      cluster.documents.set(path, merged as JsonObject);
      return { status: 200, body: merged as JsonObject };
    }
    default: {
      if (found) return { status: 200, body: found };
      if (/^[A-Z]+ .*\/(?:[a-z]+s|networkpolicies)$/.test(line)) {
        const items = [...cluster.documents].filter(
          ([each]) => each.startsWith(`${path}/`) && !each.slice(path.length + 1).includes('/'),
        );
        return { status: 200, body: { kind: 'List', metadata: {}, items: items.map(([, document]) => document) } };
      }
      return missing;
    }
  }
}

/** What a document is after a merge patch: RFC 7396. */
export function mergePatch(target: unknown, change: unknown): unknown {
  if (!isObject(change)) return change;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** stat, cat and sha256sum of a file that the pod would see under /checkpoints. */
async function runProgram(cluster: FakeCluster, request: IncomingMessage, socket: WebSocket): Promise<void> {
  const command = new URL(request.url ?? '', 'https://x').searchParams.getAll('command');
  const path = join(cluster.checkpoints, basename(command.at(-1) ?? ''));
  const send = (channel: number, bytes: Uint8Array | string) =>
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]));
  const end = (status: object) => {
    send(3, JSON.stringify(status));
    socket.close(1000);
  };
  try {
    const bytes = await readFile(path);
    const programs: Readonly<Record<string, () => Buffer>> = {
      stat: () => Buffer.from(`${bytes.length}\n`),
      sha256sum: () => Buffer.from(`${createHash('sha256').update(bytes).digest('hex')}  ${command.at(-1)}\n`),
      cat: () => bytes,
    };
    const made = programs[command[0] ?? '']?.();
    assert.ok(made && (await stat(path)).isFile());
    const written = cluster.written(command, made);
    if (written === undefined) return socket.terminate();
    for (let done = 0; done < written.length; done += 32768) send(1, written.subarray(done, done + 32768));
    end({ metadata: {}, status: 'Success' });
  } catch {
    send(2, `${command[0]}: can't open '${command.at(-1)}': No such file or directory\n`);
    end({
      metadata: {},
      status: 'Failure',
      message: 'command terminated with non-zero exit code',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '1' }] },
    });
  }
}
