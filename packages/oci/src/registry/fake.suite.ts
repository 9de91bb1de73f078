/** A small HTTP server on loopback for tests: answers as one function says, and is gone at disposal. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { RegistryClient, type RegistryOptions } from './client.ts';

/** A server that runs until disposal. */
export interface FakeServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** Starts a server on a port of 127.0.0.1, a free one by default. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<FakeServer> {
  const server = createServer(answer).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the listening socket has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A client, its store `a/b`, and the server behind it that answers as told; pauses between tries are short. */
export async function registryThat(answer: Answer, options: RegistryOptions = {}) {
  const seen: IncomingMessage[] = [];
  const server = await serve((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  const client = new RegistryClient(server.address, { retry: { attempts: 3, baseDelay: 2 }, ...options });
  const dispose = async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  };
  return { client, store: client.repository('a/b'), address: server.address, seen, [Symbol.asyncDispose]: dispose };
}

/** Ends a response with a JSON document. */
export function json(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}
