/** The HTTPS server: TLS, the times that a client is given, and which requests may change the protocol. */
import { constants } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { harmless, type Logger } from '@stillframe/core';
import type { NodePki } from '../pki/node-pki.ts';

/** Connections at a time: a capture or a stream holds one, and who asks is known only after the handshake. */
const MOST_CONNECTIONS = 256;
/** First segments of the paths under which connections are handed on. */
const STREAMS = new Set(['exec', 'attach', 'portForward']);

/** What a TLS context is made of; `authorities`: PEM of those that sign clients. */
export function secureContext({ server, serverKey }: NodePki, authorities: string[]) {
  return {
    cert: server,
    key: serverKey,
    ca: authorities,
    minVersion: 'TLSv1.2' as const,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** A server that does not listen yet. */
export function httpsServer(context: ReturnType<typeof secureContext>, logger: Logger): Server {
  const server = createServer({
    ...context,
    requestCert: true,
    // A client without a certificate may have a token, and is else answered 401 as by a kubelet, and not cut off.
    rejectUnauthorized: false,
    handshakeTimeout: 10_000,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 24 << 10,
    shouldUpgradeCallback: (request: IncomingMessage) => STREAMS.has((request.url ?? '').split('/')[1] ?? ''),
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.maxRequestsPerSocket = 1000;
  server.on('tlsClientError', (error) =>
    logger.log('debug', 'TLS handshake failed', { reason: harmless(error.message) }),
  );
  return server;
}
