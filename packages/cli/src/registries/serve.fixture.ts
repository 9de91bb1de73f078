/** A server of HTTP that answers as a test likes, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

interface Fake extends AsyncDisposable {
  address: string;
  /** Method, path and Authorization of all that came. */
  seen: (string | undefined)[][];
}

/** Stands in for a registry at `place`, by itself on a free port. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  place = '127.0.0.1:0',
): Promise<Fake> {
  const [host = '', port] = place.split(':');
  const seen: Fake['seen'] = [];
  const server = createServer((request, response) => {
    seen.push([request.method, request.url, request.headers.authorization]);
    request.resume();
    answer(request, response);
  }).listen(Number(port), host);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the listening socket has no port');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { address: `${host}:${bound.port}`, seen, [Symbol.asyncDispose]: close };
}
