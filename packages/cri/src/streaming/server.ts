/**
 * The streaming server: an HTTP server on the loopback whose addresses are each good for one call. Clients (crictl, and
 * kubelet for kubectl) upgrade to SPDY/3.1 or WebSocket there.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Logger, messageOf, silentLogger } from '@stillframe/core';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { serverError } from '../errors.ts';
import type { CommandRequest } from './command.ts';
import {
  listed,
  negotiate,
  SPDY_COMMANDS,
  SPDY_FORWARDS,
  WEBSOCKET_COMMANDS,
  WEBSOCKET_FORWARDS,
} from './protocols.ts';
import { serveSpdyCommand } from './spdy-command.ts';
import { type ForwardRequest, serveSpdyForward } from './spdy-forward.ts';
import { Tokens } from './tokens.ts';
import { serveWebSocketCommand } from './websocket/command.ts';

/** What an address stands for. `verb` is its first path element. */
export type StreamingRequest =
  | { readonly verb: 'exec' | 'attach'; readonly command: CommandRequest }
  | { readonly verb: 'portforward'; readonly forward: ForwardRequest };

export interface StreamingServer extends AsyncDisposable {
  /** An address for one call within a minute. Throws ERR_CRI_STREAMS_WAITING where too many were never called. */
  address(request: StreamingRequest): string;
}

/** Bytes of one WebSocket message of a client. */
const MESSAGE_LIMIT = 4 << 20;
const SPDY = 'spdy/3.1';
/** The sub-protocol that the answer to a WebSocket handshake names. */
const chosenProtocol = new WeakMap<IncomingMessage, string>();

/** Where it listens: a free port of 127.0.0.1 where nothing is said. */
export interface StreamingPlace {
  host?: string | undefined;
  port?: number | undefined;
}

/** Listens at `options`. Disposing hangs up on everybody; what they ran is killed. */
export async function startStreaming(options: StreamingPlace & { logger?: Logger } = {}): Promise<StreamingServer> {
  const logger = options.logger ?? silentLogger;
  const tokens = new Tokens<StreamingRequest>();
  const open = new Set<Duplex>();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT, perMessageDeflate: false });
  sockets.on('headers', (headers, request) => {
    const chosen = chosenProtocol.get(request);
    if (chosen !== undefined) headers.push(`Sec-WebSocket-Protocol: ${chosen}`);
  });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(400, { 'content-type': 'text/plain' }).end('this address needs an upgrade of the connection\n');
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    const failed = (error: unknown) => {
      logger.log('warn', 'a streaming connection failed', { reason: messageOf(error) });
      socket.destroy();
    };
    serve(request, socket, head, tokens, sockets).catch(failed);
  });
  const { host = '127.0.0.1' } = options;
  await listen(server, host, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    address(request) {
      const token = tokens.issue(request);
      if (token === undefined) throw serverError('ERR_CRI_STREAMS_WAITING', 'too many addresses wait to be called');
      return `http://${host.includes(':') ? `[${host}]` : host}:${port}/${request.verb}/${token}`;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

async function serve(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  tokens: Tokens<StreamingRequest>,
  sockets: WebSocketServer,
): Promise<void> {
  const [, verb = '', token = ''] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
  const wanted = tokens.take(token);
  if (!wanted || wanted.verb !== verb)
    return refuse(socket, '404 Not Found', 'no such address, or it was used already');
  const upgrade = (request.headers.upgrade ?? '').toLowerCase();
  if (upgrade === 'websocket') return serveWebSocket(request, socket, head, wanted, sockets);
  if (upgrade !== SPDY) return refuse(socket, '400 Bad Request', `no upgrade to ${upgrade} here`);
  const known: readonly string[] = wanted.verb === 'portforward' ? SPDY_FORWARDS : SPDY_COMMANDS;
  const offers = listed(request.headers['x-stream-protocol-version']);
  // The first clients named no version.
  const chosen = offers.length === 0 ? known.at(-1) : negotiate(offers, known);
  if (chosen === undefined) {
    const accepted = known.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}\r\n`).join('');
    return refuse(socket, '403 Forbidden', `none of the protocols ${offers.join(', ')} is known`, accepted);
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${chosen}\r\n\r\n`,
  );
  if (head.byteLength > 0) socket.unshift(head);
  if (wanted.verb === 'portforward') return serveSpdyForward(socket, wanted.forward);
  const protocol = SPDY_COMMANDS.find((name) => name === chosen);
  return serveSpdyCommand(socket, wanted.command, protocol ?? 'channel.k8s.io');
}

async function serveWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  wanted: StreamingRequest,
  sockets: WebSocketServer,
): Promise<void> {
  const offers = listed(request.headers['sec-websocket-protocol']);
  const known: readonly string[] = wanted.verb === 'portforward' ? WEBSOCKET_FORWARDS : WEBSOCKET_COMMANDS;
  const chosen = negotiate(offers, known);
  // The name of the first version may be left out for commands; forwarding has no such version.
  if (chosen === undefined && (offers.length > 0 || wanted.verb === 'portforward')) {
    return refuse(socket, '403 Forbidden', `none of the protocols ${offers.join(', ')} is known`);
  }
  // The library refuses names with a slash, which Kubernetes has, so it is not shown any.
  delete request.headers['sec-websocket-protocol'];
  if (chosen !== undefined) chosenProtocol.set(request, chosen);
  const connected = await new Promise<WebSocket>((resolve) => sockets.handleUpgrade(request, socket, head, resolve));
  if (wanted.verb === 'portforward') return serveSpdyForward(createWebSocketStream(connected), wanted.forward);
  const protocol = WEBSOCKET_COMMANDS.find((name) => name === chosen);
  return serveWebSocketCommand(connected, wanted.command, protocol ?? 'channel.k8s.io');
}

async function refuse(socket: Duplex, status: string, text: string, headers = ''): Promise<void> {
  const length = Buffer.byteLength(text) + 1;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n${headers}\r\n${text}\n`,
  );
}
