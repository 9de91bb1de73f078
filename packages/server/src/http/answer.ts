/** Answers and how they are written: with a policy that lets the page load nothing but its own files, and nobody frame it. */
import { once } from 'node:events';
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { harmless, messageOf, StillframeError, unsuppressed } from '@stillframe/core';
import type { Refusal } from '../contract/index.ts';

/** An answer before it is written. Bytes and lines are written as they come. */
export type Answer =
  | { readonly kind: 'json'; readonly value: unknown; readonly cookie?: string | undefined }
  | { readonly kind: 'file'; readonly type: string; readonly body: string | Uint8Array }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<unknown> }
  | ({ readonly kind: 'download' } & Download);

/** What is saved as a file; `name` is raw. */
export interface Download {
  readonly name: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Made here: it keeps the ending of its name. */
  readonly isOurs?: boolean;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes markup by way of innerHTML: the browser refuses it.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** HTTP status by kind of error; 500 for any other. */
const STATUS: Readonly<Record<string, number>> = {
  'permission-denied': 403,
  unauthenticated: 401,
  'invalid-argument': 400,
  'out-of-range': 400,
  'not-found': 404,
  unimplemented: 405,
  'resource-exhausted': 413,
  'failed-precondition': 409,
  'data-loss': 422,
};

/** Writes an answer to its end. Resolves early where the other side goes away. */
export async function write(answer: Answer, response: ServerResponse, signal: AbortSignal): Promise<void> {
  switch (answer.kind) {
    case 'json': {
      const body = JSON.stringify(answer.value);
      const cookie = answer.cookie === undefined ? {} : { 'set-cookie': answer.cookie };
      response.writeHead(200, { ...HEADERS, ...cookie, 'content-type': 'application/json' }).end(body);
      return;
    }
    case 'file':
      response.writeHead(200, { ...HEADERS, 'content-type': answer.type }).end(answer.body);
      return;
    case 'lines':
      response.writeHead(200, { ...HEADERS, 'content-type': 'application/jsonl' });
      for await (const line of answer.lines) await send(`${JSON.stringify(line)}\n`, response, signal);
      response.end();
      return;
    case 'download':
      response.writeHead(200, {
        ...HEADERS,
        // Never a type that a browser would open: it is evidence.
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${safeName(answer)}"`,
        'content-security-policy': `${POLICY}; sandbox`,
      });
      for await (const bytes of answer.bytes) await send(bytes, response, signal);
      response.end();
  }
}

/** What failed, told as the page shows it. Where an answer has begun it is cut off: half of it must not be taken for the whole. */
export function refuse(error: unknown, response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response
    .writeHead(statusOf(error), { ...HEADERS, 'content-type': 'application/json', connection: 'close' })
    .end(JSON.stringify(refusalOf(error)));
}

/** As refuse, where a connection was to be upgraded. */
export function refuseUpgrade(error: unknown, socket: Duplex): void {
  const status = statusOf(error);
  const body = JSON.stringify(refusalOf(error));
  const headers = { ...HEADERS, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

function statusOf(error: unknown): number {
  const failure = unsuppressed(error);
  return STATUS[StillframeError.is(failure) ? failure.kind : ''] ?? 500;
}

/** What failed, in words that are harmless. */
export function refusalOf(error: unknown): Refusal {
  const failure = unsuppressed(error);
  const known = StillframeError.is(failure) ? failure : undefined;
  return { code: known?.code ?? 'ERR_DESK_FAILED', message: harmless(messageOf(failure)), hint: known?.hint };
}

async function send(chunk: string | Uint8Array, response: ServerResponse, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // A copy: what is not written yet is kept, and a piece is valid only until the next one.
  if (!response.write(typeof chunk === 'string' ? chunk : Buffer.from(chunk)))
    await once(response, 'drain', { signal });
}

/** The name of a download: nothing but what no system takes for a path, a device or a program to be run. Our own keeps its ending. */
function safeName({ name, isOurs }: Extract<Answer, { kind: 'download' }>): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .slice(-100)
    // Neither hidden nor an option of whatever command is given it.
    .replace(/^[.-]+/, '');
  const isDevice = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(plain);
  return `${isDevice ? '_' : ''}${plain || 'evidence'}${isOurs ? '' : '.bin'}`;
}
