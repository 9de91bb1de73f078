/** Handing a connection on to the streaming server of a runtime, as a kubelet does: what flows is neither read nor changed. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds in which the streaming server must answer. */
const ANSWER_TIME = 30_000;
/** Milliseconds without a byte either way: a kubelet's streamingConnectionIdleTimeout. */
const IDLE_TIME = 4 * 3_600_000;
/** Milliseconds that a client may take to hang up when the runtime has. */
const PARTING_TIME = 10_000;
/** Headers that are meant for this server alone. */
const OWN = new Set(['authorization', 'cookie', 'host', 'content-length', 'transfer-encoding', 'expect']);

/** What the streaming server said. */
export interface HandedOn {
  readonly status: number;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
}

/**
 * Asks `url` for what `request` asked here and joins both connections. `head`: what came behind the request already.
 * `headers`: added to the answer. Throws where the streaming server does not answer, or the reason of the signal.
 */
export async function handOn(
  url: URL,
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  { headers, signal }: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<HandedOn> {
  const call = ask(url, request, signal);
  const { response, server, first } = await answerTo(call);
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  }
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const status = response.statusCode ?? 500;
  if (!server) {
    const plain = lines.filter((line) => !/^(?:connection|transfer-encoding|content-length|keep-alive):/i.test(line));
    client.write(`${[...plain, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    return { status, ended: pipeline(response, client).catch(() => undefined) };
  }
  client.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (first.length > 0) client.write(first);
  if (head.length > 0) server.write(head);
  return { status, ended: join(client, server, signal) };
}

function ask(url: URL, request: IncomingMessage, signal: AbortSignal): ClientRequest {
  const headers: string[] = ['Host', url.host];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2);
    if (!OWN.has(name.toLowerCase())) headers.push(name, value);
  }
  // Unsaid, Node.js would send the end of a body, which the other side would take for the first bytes of the stream.
  if (request.method !== 'GET') headers.push('Content-Length', '0');
  const options = { method: request.method ?? 'GET', headers, signal, agent: false, timeout: ANSWER_TIME };
  const loopback =
    ['localhost', '[::1]'].includes(url.hostname) || (isIP(url.hostname) === 4 && url.hostname.startsWith('127.'));
  // The certificate of a runtime's own streaming server is signed by nobody; its address came over the CRI socket.
  const call =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, rejectUnauthorized: !loopback })
      : httpRequest(url, options);
  call.once('timeout', () => call.destroy(new Error('the streaming server of the runtime does not answer')));
  return call;
}

function answerTo(call: ClientRequest): Promise<{ response: IncomingMessage; server?: Duplex; first: Buffer }> {
  return new Promise((resolve, reject) => {
    call.once('upgrade', (response, server, first) => resolve({ response, server, first }));
    call.once('response', (response) => resolve({ response, first: Buffer.alloc(0) }));
    call.once('error', reject);
    call.end();
  });
}

/** Copies both ways. Who ends one way is still given what comes the other way; who breaks off ends both. */
async function join(client: Duplex, server: Duplex, signal: AbortSignal): Promise<void> {
  const end = () => {
    client.destroy();
    server.destroy();
  };
  for (const side of [client, server]) {
    // Two pipelines and the rest of us listen on each.
    side.setMaxListeners(32);
    side.on('error', () => undefined);
    if ('setTimeout' in side && typeof side.setTimeout === 'function') side.setTimeout(IDLE_TIME, end);
  }
  signal.addEventListener('abort', end, { once: true });
  const fromClient = pipeline(client, server).catch(() => undefined);
  try {
    await pipeline(server, client);
    // All has been said; a client that does not hang up by itself is not waited for.
    const parted = new AbortController();
    await Promise.race([fromClient, delay(PARTING_TIME, undefined, { signal: parted.signal }).catch(() => undefined)]);
    parted.abort();
  } catch {
    // One has broken off.
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
