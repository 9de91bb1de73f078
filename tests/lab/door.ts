/** A door before a registry: everything goes through it, and it can ask for a password or count. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Door extends AsyncDisposable {
  /** Host and port, as in references. */
  address: string;
  /** Bytes of content that have come out of the registry. */
  bytes(): number;
}

/** Opens one on a port of its own. `account` (name:password): who is let in; anybody where it is not given. */
export async function openDoor(registry: string, account?: string): Promise<Door> {
  const wanted = account === undefined ? undefined : `Basic ${Buffer.from(account).toString('base64')}`;
  let bytes = 0;
  const server = createServer((asked, answer) => {
    if (wanted !== undefined && asked.headers.authorization !== wanted) {
      answer.writeHead(401, { 'www-authenticate': 'Basic realm="lab"' }).end();
      return;
    }
    const { method, url, headers } = asked;
    const onward = request(`http://${registry}${url}`, { method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
