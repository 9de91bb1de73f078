/** A listener for one purpose, with bounds on who may take how long: its routes, nothing else. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { controllerError } from '../errors.ts';

export interface ListenPlace {
  /** Empty for all of the machine. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Route = (request: IncomingMessage) => Promise<Reply> | Reply;

export interface Listener extends AsyncDisposable {
  readonly port: number;
}

const MOST_CONNECTIONS = 256;
/** Milliseconds for a whole request. */
const REQUEST = 15_000;

/** `routes` by `METHOD /path`. Throws ERR_CONTROLLER_LISTEN. */
export async function listen(
  place: ListenPlace,
  routes: Readonly<Record<string, Route>>,
  tls?: { cert: string; key: string },
): Promise<Listener> {
  const options = { requestTimeout: REQUEST, headersTimeout: REQUEST, maxHeaderSize: 8192, keepAliveTimeout: 5000 };
  const answer = (request: IncomingMessage, response: ServerResponse) => void reply(routes, request, response);
  const server = tls ? createSecureServer({ ...options, ...tls }, answer) : createServer(options, answer);
  server.maxConnections = MOST_CONNECTIONS;
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        controllerError(
          'ERR_CONTROLLER_LISTEN',
          `${place.host || '*'}:${place.port} cannot be listened on: ${cause.message}`,
          { cause },
        ),
      );
    });
    server.listen(place.port, place.host === '' ? undefined : place.host, () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function reply(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  const key = `${request.method} ${path}`;
  const route = Object.hasOwn(routes, key) ? routes[key] : undefined;
  let answer: Reply = { status: 404, body: 'not found\n' };
  try {
    if (route) answer = await route(request);
  } catch {
    answer = { status: 500, body: 'it failed; the log says why\n' };
  }
  // Who sends more than was read must not keep the connection.
  const isRead = request.complete;
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    ...(isRead ? {} : { connection: 'close' }),
    ...answer.headers,
  });
  response.end(answer.body);
}
