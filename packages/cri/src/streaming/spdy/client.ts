/** The client's side of the upgrade to SPDY/3.1, for tests and tools that speak to a streaming server. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { serverError } from '../../errors.ts';
import { SpdyConnection } from './connection.ts';

export interface SpdyClient {
  readonly connection: SpdyConnection;
  /** The protocol that the server chose. */
  readonly protocol: string;
}

/**
 * Upgrades a connection to `address`, offering `protocols`, the best first. Throws ERR_SPDY_REFUSED with the server's
 * words where it answers anything but 101. `options`: a client certificate, say.
 */
export async function connectSpdy(
  address: string,
  protocols: readonly string[],
  options: RequestOptions = {},
): Promise<SpdyClient> {
  const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': [...protocols] };
  const request = address.startsWith('https:') ? httpsRequest : httpRequest;
  const call = request(address, { ...options, method: 'POST', headers: { ...headers, ...options.headers } });
  const upgraded = once(call, 'upgrade') as Promise<[IncomingMessage, Duplex, Buffer]>;
  const refused = (once(call, 'response') as Promise<[IncomingMessage]>).then(async ([response]) => {
    const text = (await response.toArray()).join('').trim();
    throw serverError('ERR_SPDY_REFUSED', `the server answered ${response.statusCode}: ${text}`);
  });
  refused.catch(() => undefined);
  call.end();
  const [response, socket, head] = await Promise.race([upgraded, refused]);
  if (head.byteLength > 0) socket.unshift(head);
  const chosen = response.headers['x-stream-protocol-version'];
  return { connection: new SpdyConnection(socket), protocol: String(chosen ?? '') };
}
