/**
 * Hands connections on: `forward.ts FROM TO`, each a port of this host's loopback or the path of a socket. A socket's path
 * means the same in every network namespace, so two of these bring the registry of one host to another's loopback, which is
 * where a runtime speaks to registries without TLS.
 */
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';

const [from = '', to = ''] = process.argv.slice(2);
const place = (text: string) => (/^\d+$/.test(text) ? { port: Number(text), host: '127.0.0.1' } : { path: text });

createServer({ allowHalfOpen: true }, (one) => {
  const other = connect({ ...place(to), allowHalfOpen: true });
  // Whoever hangs up ends both; nobody else has to hear of it.
  void Promise.allSettled([pipeline(one, other), pipeline(other, one)]);
}).listen(place(from));
