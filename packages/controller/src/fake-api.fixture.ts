/**
 * For tests alone: an API server over TLS that holds any resources, answers lists in pages, streams watches, counts what is asked, and
 * hands requests for a node to `kubelet`. It answers as the documented API does, and holds custom resources against their schemas.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, isObject, type JsonObject, textAt } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { openNodePki } from '@stillframe/kubelet';
import type { ClusterAccess } from '@stillframe/kubernetes';
import { Ajv } from 'ajv';
import type { Clock } from './clock.ts';
import { type Address, addressOf, type Change, FakeObjects, Refusal } from './fake-objects.fixture.ts';
import { canonical } from './resources/canonical.ts';
import { customResourceDefinitions } from './resources/kinds.ts';

export interface Asked {
  /** As RBAC names it: `list`, `watch`, `patch`. */
  readonly verb: string;
  /** `stillframe.io/checkpoints/status`. */
  readonly resource: string;
  readonly path: string;
  readonly body: JsonObject | undefined;
}

export interface KubeletAnswer {
  status: number;
  body: string | object;
}

export interface FakeApi extends AsyncDisposable {
  readonly access: ClusterAccess;
  readonly objects: FakeObjects;
  /** How often which verb was asked for of which resource: `patch stillframe.io/checkpoints/status`. */
  readonly counts: Map<string, number>;
  total: number;
  /** Paths that kubelets were asked for, in order. */
  readonly captures: string[];
  /** Looks at each request before it is answered: throws a Refusal, or answers `drop` for a connection that breaks off. */
  before: (asked: Asked) => undefined | 'drop' | Promise<undefined | 'drop'>;
  /** As `before`, once what was asked for is done. */
  after: (asked: Asked) => undefined | 'drop';
  kubelet: (path: string, signal: AbortSignal) => KubeletAnswer | Promise<KubeletAnswer>;
  bookmark(): void;
  endWatches(): void;
  /** Fulfilled once no request has been under way for a moment, or nothing has come of those that are. Watches that stand are none. */
  settled(): Promise<void>;
}

/** What `before` refuses with. */
export { Refusal } from './fake-objects.fixture.ts';

const DEFAULT_PAGE = 500;

export async function openFakeApi(clock: Clock): Promise<FakeApi> {
  const folder = await openTemporaryFolder(tmpdir());
  const pki = await openNodePki({ folder: join(folder.path, 'pki'), nodeName: 'api' });
  const server = createServer({ cert: pki.server, key: pki.serverKey });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const objects = new FakeObjects(clock);
  objects.judge = judgeBySchema();
  const watches = new Set<Watch>();
  const work: Work = { begun: 0, ended: 0 };
  objects.onChange = (change) => {
    for (const watch of watches) watch.tell(change);
  };
  const api = {
    access: {
      ...{ server: url, context: 'fake', kubeNamespace: 'stillframe' },
      credentials: async () => {
        work.begun += 1;
        return { ca: pki.authority, headers: { Authorization: 'Bearer sesame' } };
      },
    },
    objects,
    counts: new Map<string, number>(),
    total: 0,
    captures: [] as string[],
    before: () => undefined,
    after: () => undefined,
    kubelet: (path: string) => {
      const [, kubeNamespace, pod, container] = /\/checkpoint\/([^/]+)\/([^/]+)\/([^/?]+)/.exec(path) ?? [];
      const time = new Date(clock.now()).toISOString().replace(/\.\d+Z/, 'Z');
      const name = `checkpoint-${pod}_${kubeNamespace}-${container}-${time}.tar`;
      return { status: 200, body: { items: [`/var/lib/kubelet/checkpoints/${name}`] } };
    },
    bookmark: () => {
      for (const watch of watches) watch.bookmark(objects.version);
    },
    endWatches: () => {
      for (const watch of watches) watch.end();
    },
    settled: () => settled(work),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  } satisfies FakeApi as FakeApi;
  server.on('request', (request, response) => {
    void answer(api, clock, watches, request, response).finally(() => {
      work.ended += 1;
    });
  });
  return api;
}

/** Requests that clients began, and that were answered; one that a client gave up may never end. */
interface Work {
  begun: number;
  ended: number;
}

const STILL = 4;
/** Turns after which requests that are under way are none to wait for. */
const HANGING = 60;

async function settled(work: Work): Promise<void> {
  let [still, waited, seen] = [0, 0, ''];
  while (still < STILL && waited < HANGING) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = `${work.begun}/${work.ended}`;
    still = now === seen && work.begun === work.ended ? still + 1 : 0;
    waited = now === seen ? waited + 1 : 0;
    seen = now;
  }
  if (waited >= HANGING) work.ended = work.begun;
}

async function answer(
  api: FakeApi,
  clock: Clock,
  watches: Set<Watch>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const url = new URL(request.url ?? '', 'https://x');
  const address = addressOf(decodeURIComponent(url.pathname));
  const send = (status: number, body: string | object) => {
    response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' });
    // Keys are sorted, as an API server sorts those of custom resources.
    response.end(typeof body === 'string' ? body : canonical(body));
  };
  try {
    assert.ok(address, url.pathname);
    const asked = askedOf(request, url, address, text);
    api.total += 1;
    const key = `${asked.verb} ${asked.resource}`;
    api.counts.set(key, (api.counts.get(key) ?? 0) + 1);
    if ((await api.before(asked)) === 'drop') return void response.destroy();
    if (asked.verb === 'watch') return openWatch(api, clock, watches, url, address, response);
    const { status, body } = await routed(api, asked, address, url, response);
    if (api.after(asked) === 'drop') return void response.destroy();
    send(status, body);
  } catch (error) {
    if (!(error instanceof Refusal)) return send(500, error instanceof Error ? `${error.stack}` : String(error));
    const { status, reason, message } = error;
    send(status, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status });
  }
}

function askedOf(request: IncomingMessage, url: URL, address: Address, text: string): Asked {
  const { name, sub, resource } = address;
  const list = url.searchParams.get('watch') ? 'watch' : 'list';
  const verbs: Readonly<Record<string, string>> = {
    GET: name === undefined ? list : 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: 'delete',
  };
  const below = sub === undefined ? '' : `/${sub.split('/')[0]}`;
  const body = text === '' ? undefined : (JSON.parse(text) as JsonObject);
  return { verb: verbs[request.method ?? ''] ?? '', resource: resource + below, path: url.pathname, body };
}

async function routed(
  api: FakeApi,
  asked: Asked,
  address: Address,
  url: URL,
  response: ServerResponse,
): Promise<KubeletAnswer> {
  const { objects } = api;
  const body = asked.body ?? {};
  if (address.resource === 'nodes' && address.sub?.startsWith('proxy/')) {
    api.captures.push(`${address.name}/${address.sub.slice('proxy/'.length)}`);
    const ending = new AbortController();
    response.on('close', () => ending.abort());
    return await api.kubelet(`/${address.sub.slice('proxy/'.length)}`, ending.signal);
  }
  switch (asked.verb) {
    case 'get':
      return { status: 200, body: objects.get(address) };
    case 'create':
      return { status: 201, body: objects.create(address, body) };
    case 'update':
      return { status: 200, body: objects.change(address, body, 'replace') };
    case 'patch':
      return { status: 200, body: objects.change(address, body, 'merge') };
    case 'delete':
      return { status: 200, body: objects.remove(address, at(body, 'preconditions', 'uid')) };
    default: {
      const limit = Number(url.searchParams.get('limit') ?? DEFAULT_PAGE);
      const [version, start = 0] = (url.searchParams.get('continue') ?? '').split(':').map(Number);
      if (version !== undefined && version > 0 && version < objects.compacted) {
        throw new Refusal(410, 'Expired', 'The provided continue parameter is too old');
      }
      const all = objects.all(address.resource, address.kubeNamespace);
      const items = all.slice(start, start + limit);
      const next = start + limit < all.length ? `${objects.version}:${start + limit}` : '';
      return {
        status: 200,
        body: { kind: 'List', metadata: { resourceVersion: String(objects.version), continue: next }, items },
      };
    }
  }
}

interface Watch {
  tell(change: Change): void;
  bookmark(version: number): void;
  end(): void;
}

function openWatch(
  api: FakeApi,
  clock: Clock,
  watches: Set<Watch>,
  url: URL,
  address: Address,
  response: ServerResponse,
): void {
  const { objects } = api;
  const from = Number(url.searchParams.get('resourceVersion'));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const write = (type: string, object: unknown) => response.write(`${canonical({ type, object })}\n`);
  if (from < objects.compacted) {
    write('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
    response.end();
    return;
  }
  const watch: Watch = {
    tell: ({ resource, type, object }) => {
      if (resource !== address.resource) return;
      const { kubeNamespace } = address;
      if (kubeNamespace !== undefined && textAt(object, 'metadata', 'namespace') !== kubeNamespace) return;
      write(type, object);
    },
    bookmark: (version) => write('BOOKMARK', { metadata: { resourceVersion: String(version) } }),
    end: () => {
      watches.delete(watch);
      response.end();
    },
  };
  for (const change of objects.history) if (change.version > from) watch.tell(change);
  watches.add(watch);
  const forget = clock.after(Number(url.searchParams.get('timeoutSeconds')) * 1000, watch.end);
  response.on('close', () => {
    forget();
    watches.delete(watch);
  });
}

/** Custom resources hold nothing that their schema would have the API server leave out, or refuse. */
function judgeBySchema(): (resource: string, document: JsonObject) => void {
  const ajv = new Ajv({ strict: false, formats: { 'date-time': true, int32: true, int64: true }, allErrors: true });
  const judges = new Map(
    [...customResourceDefinitions().values()].map((definition) => {
      const name = `${textAt(definition, 'spec', 'group')}/${textAt(definition, 'spec', 'names', 'plural')}`;
      const schema = at(definition, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema');
      return [name, ajv.compile(closed(schema) as JsonObject)] as const;
    }),
  );
  return (resource, document) => {
    const judge = judges.get(resource);
    if (!judge || judge(document)) return;
    throw new Refusal(422, 'Invalid', `${resource}: ${ajv.errorsText(judge.errors)}`);
  };
}

/** Nothing but what is named may be there. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in schema ? { ...inner, additionalProperties: false } : inner;
}
