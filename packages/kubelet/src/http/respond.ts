/** Writing an answer. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';

/** Writes `answer`; resolves when the system has taken all of it, or the client has gone. */
export async function respond(response: ServerResponse, answer: Answer, auditID: string): Promise<void> {
  const { status, contentType, body, headers } = answer;
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  response.writeHead(status, {
    'content-type': contentType,
    ...(whole ? { 'content-length': Buffer.byteLength(body) } : {}),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-cache, private',
    'audit-id': auditID,
    ...headers,
  });
  if (whole) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  const gone = new AbortController();
  const leave = () => gone.abort();
  response.once('close', leave);
  try {
    for await (const chunk of body) {
      if (gone.signal.aborted) return;
      if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    response.off('close', leave);
  }
}
