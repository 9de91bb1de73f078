/** Where Falco, or falcosidekick, sends its alerts: one JSON a request, and a token that both know. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isObject, type JsonObject, type Logger, messageOf, nestsDeeper } from '@stillframe/core';
import type { TakeAlert } from '../controller.ts';
import { alertIn } from '../policies/falco.ts';
import type { Reply } from './listener.ts';

export interface WebhookOptions {
  /** At least 16 characters. */
  readonly token: string;
  /** Undefined while this process is not the leader. */
  readonly take: () => TakeAlert | undefined;
  readonly log: Logger;
  readonly ended: (status: number) => void;
}

/** Bytes of an alert. */
const LARGEST = 1 << 16;
const DEEPEST = 20;
/** Alerts that are worked on at once; a storm of them is answered 429. */
const MOST = 16;

/** 202: a Checkpoint stands in the cluster; 200: none was to be made; 503: not the leader, or the API server is away. */
export function alertRoute({ token, take, log, ended }: WebhookOptions): (request: IncomingMessage) => Promise<Reply> {
  let busy = 0;
  const answered = async (request: IncomingMessage): Promise<Reply> => {
    if (!isAllowed(request, token)) return said(401, 'no such token', { 'www-authenticate': 'Bearer' });
    const alerted = take();
    if (!alerted) return said(503, 'this one is not the leader', { 'retry-after': '2' });
    if (busy >= MOST) return said(429, 'too many alerts at once', { 'retry-after': '2' });
    busy += 1;
    try {
      const document = await documentOf(request);
      if (typeof document === 'string') return said(document === 'too large' ? 413 : 400, document);
      const alert = alertIn(document);
      if (!alert) return said(200, 'it names no pod');
      const end = await alerted(alert);
      return end === 'made' ? said(202, end) : said(200, end);
    } catch (error) {
      log.log('warn', 'an alert became nothing', { reason: messageOf(error) });
      return said(503, 'the API server is away', { 'retry-after': '5' });
    } finally {
      busy -= 1;
    }
  };
  return async (request) => {
    const reply = await answered(request);
    ended(reply.status);
    return reply;
  };
}

function said(status: number, result: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, body: `${JSON.stringify({ result })}\n`, contentType: 'application/json', headers };
}

/** Digests are compared, so that neither length nor content shows in the time that it takes. */
function isAllowed({ headers }: IncomingMessage, token: string): boolean {
  const given = /^Bearer (\S{1,4096})$/.exec(headers.authorization ?? '')?.[1] ?? '';
  const [one, other] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

/** A text says why it is none. */
async function documentOf(request: IncomingMessage): Promise<JsonObject | string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST) return 'too large';
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (nestsDeeper(bytes, DEEPEST)) return 'it nests too deep';
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isObject(value) ? value : 'it is no JSON object';
  } catch {
    return 'it is no JSON';
  }
}
