/** The kubelet-compatible checkpoint API: HTTPS with client certificates, over any CRI client. */
import { constants } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { isAbsolute } from 'node:path';
import { harmless, type Logger, messageOf, silentLogger, systemCode } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { CheckpointRecord } from './checkpoint/capture.ts';
import { KeyedQueue } from './checkpoint/queue.ts';
import { sweepReservations } from './checkpoint/reserve.ts';
import { kubeletError } from './errors.ts';
import { type Answer, text } from './http/answer.ts';
import { type Match, type MetricsText, matchRoutes, type RouteContext } from './http/routes.ts';
import { mayAsk, type User, userOf } from './http/user.ts';
import { type NodePki, openNodePki, type PkiPaths } from './pki/node-pki.ts';

export interface KubeletApiOptions {
  criClient: CriClient;
  /** Absolute path; made on first use, see `openNodePki`. */
  pkiFolder: string;
  /** Absolute path of the folder for archives; made with mode 0700 when absent. */
  checkpointsFolder: string;
  /** Address to listen on, 127.0.0.1 by default. */
  host?: string;
  /** 10250 by default; 0 lets the system choose. */
  port?: number;
  /** The host's name by default. */
  nodeName?: string;
  /** Further addresses and names for the server certificate. */
  addresses?: readonly string[];
  logger?: Logger;
  /** Ends the server as disposing does. */
  signal?: AbortSignal;
  /** Told of every capture before its answer goes out; when it throws, the request fails and the archive stays. */
  onCheckpoint?: (record: CheckpointRecord) => Promise<void> | void;
  /** The answer to GET /metrics; 404 without it. */
  metrics?: () => Promise<MetricsText>;
}

/** A running server. Disposing aborts captures under way, whose containers the runtime lets run on, and waits for them. */
export interface KubeletApi extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number };
  readonly pki: PkiPaths;
}

/** Connections at a time: a capture holds one, and the certificate check comes after the handshake. */
const MOST_CONNECTIONS = 64;
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * Makes or opens the PKI and starts listening. Throws ERR_KUBELET_PKI_DAMAGED, ERR_KUBELET_PATH_RELATIVE,
 * ERR_KUBELET_ADDRESS_IN_USE, or the system's error.
 */
export async function startKubeletApi(options: KubeletApiOptions): Promise<KubeletApi> {
  const { criClient, checkpointsFolder: folder, host = '127.0.0.1', port = 10250, signal } = options;
  const { nodeName = hostname(), logger = silentLogger } = options;
  if (!isAbsolute(folder)) throw kubeletError('ERR_KUBELET_PATH_RELATIVE', `checkpoints folder ${folder} is relative`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await sweepReservations(folder);
  const wildcard = host === '0.0.0.0' || host === '::';
  const addresses = [...(wildcard ? [] : [host]), ...(options.addresses ?? [])];
  const pki = await openNodePki({ folder: options.pkiFolder, nodeName, addresses });

  const onCheckpoint = options.onCheckpoint ?? (() => undefined);
  const context: RouteContext = {
    cri: criClient,
    folder,
    queue: new KeyedQueue(),
    nodeName,
    onCheckpoint,
    metrics: options.metrics,
  };
  const ending = new AbortController();
  const underWay = new Set<Promise<void>>();
  const server = httpsServer(pki, (request, response) => {
    const serving = serve(request, response, context, logger, ending.signal);
    underWay.add(serving);
    serving.finally(() => underWay.delete(serving));
  });
  server.on('tlsClientError', (error) =>
    logger.log('debug', 'TLS handshake failed', { reason: harmless(error.message) }),
  );
  await listen(server, host, port);

  const dispose = async () => {
    signal?.removeEventListener('abort', end);
    ending.abort(new Error('the server is ending'));
    server.close();
    await Promise.all(underWay);
    server.closeAllConnections();
  };
  const end = () => void dispose();
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) await dispose();
  const bound = server.address() as AddressInfo | null;
  return { address: { host, port: bound?.port ?? port }, pki: pki.paths, [Symbol.asyncDispose]: dispose };
}

function httpsServer(pki: NodePki, listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      cert: pki.server,
      key: pki.serverKey,
      ca: pki.authority,
      minVersion: 'TLSv1.2',
      requestCert: true,
      // A client without a certificate is answered 401 as by a kubelet, and not cut off.
      rejectUnauthorized: false,
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
      handshakeTimeout: 10_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16 << 10,
    },
    listener,
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 1000;
  return server;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const taken = systemCode(cause) === 'EADDRINUSE';
      reject(taken ? kubeletError('ERR_KUBELET_ADDRESS_IN_USE', `${host}:${port} is in use`, { cause }) : cause);
    });
    server.listen(port, host, () => resolve());
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
  logger: Logger,
  ending: AbortSignal,
): Promise<void> {
  const began = performance.now();
  // Bodies mean nothing here; requestTimeout bounds how long one may be sent.
  request.resume();
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client has gone')));
  const user = userOf(request.socket);
  const signal = AbortSignal.any([gone.signal, ending]);
  const answer = await answerTo(request, user, context, signal).catch((error) => {
    logger.log('error', 'request failed', { reason: messageOf(error) });
    return text(500, 'Internal Server Error');
  });
  logger.log('info', 'request', {
    method: request.method,
    path: harmless(request.url ?? ''),
    status: gone.signal.aborted ? 499 : answer.status,
    user: user?.name,
    from: request.socket.remoteAddress,
    milliseconds: Math.round(performance.now() - began),
    ...(answer.status < 500 ? {} : { reason: harmless(answer.body) }),
  });
  if (gone.signal.aborted) return;
  response.writeHead(answer.status, {
    'content-type': answer.contentType,
    'content-length': Buffer.byteLength(answer.body),
    'x-content-type-options': 'nosniff',
    ...answer.headers,
  });
  response.end(answer.body);
}

async function answerTo(
  request: IncomingMessage,
  user: User | undefined,
  context: RouteContext,
  signal: AbortSignal,
): Promise<Answer> {
  if (!user) return text(401, 'Unauthorized');
  const method = request.method ?? '';
  const [pathname = '', ...query] = (request.url ?? '').split('?');
  const matches = matchesOf(pathname);
  if (!matches) return text(400, 'Bad Request');
  if (!mayAsk(user)) return text(403, forbidden(user, method, matches));
  const match = matches.find(({ route }) => route.method === method);
  if (match) {
    const from = request.socket.remoteAddress ?? '';
    const call = { params: match.params, query: new URLSearchParams(query.join('?')), user: user.name, from, signal };
    return match.route.answer(context, call);
  }
  if (matches.length === 0) return text(404, '404 page not found\n');
  return text(405, '405: Method Not Allowed', { allow: matches.map(({ route }) => route.method).join(', ') });
}

function matchesOf(pathname: string): Match[] | undefined {
  try {
    return matchRoutes(pathname);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function forbidden(user: User, method: string, matches: readonly Match[]): string {
  const subresources = matches[0]?.route.subresources ?? ['proxy'];
  const verb = VERBS[method] ?? method.toLowerCase();
  return `Forbidden (user=${harmless(user.name)}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`;
}
