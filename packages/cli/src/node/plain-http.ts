/** /metrics and /healthz without a certificate, on a port of its own, of loopback for a node. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '@stillframe/core';
import { cliError } from '../usage.ts';
import type { MetricsText } from './metrics.ts';

export interface PlainHttp extends AsyncDisposable {
  /** `http://127.0.0.1:9100` */
  readonly url: string;
}

/**
 * Serves until disposed. `silence` says why /healthz is to answer that nothing moves here. Throws ERR_NODE_START where the port is
 * taken.
 */
export async function servePlainHttp(
  place: { host: string; port: number },
  metrics: () => Promise<MetricsText>,
  silence: () => string | undefined = () => undefined,
): Promise<PlainHttp> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, async (request, response) => {
    const known = request.url === '/metrics' || request.url === '/healthz';
    const status = request.method !== 'GET' ? 405 : known ? 200 : 404;
    const plain = { contentType: 'text/plain; charset=utf-8', body: status === 200 ? 'ok' : '' };
    const failed = (error: unknown) => ({ ...plain, body: messageOf(error), failed: true });
    const wanted = status === 200 && request.url === '/metrics';
    const answer = wanted ? await metrics().catch(failed) : plain;
    const silent = known && !wanted && status === 200 ? silence() : undefined;
    if (silent !== undefined) {
      response.writeHead(503, { 'content-type': plain.contentType }).end(silent);
      return;
    }
    response.writeHead('failed' in answer ? 500 : status, { 'content-type': answer.contentType });
    response.end(answer.body);
  });
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(cliError('ERR_NODE_START', `metrics cannot be served: ${messageOf(cause)}`, { cause }));
    });
    server.listen(place.port, place.host, () => resolve());
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
