/** A TCP port that nobody listens on. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** It was free a moment ago, on every address; another process may take it first, then the start fails and says so. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the listening socket has no port');
  return address.port;
}
