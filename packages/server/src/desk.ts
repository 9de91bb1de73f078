/** The desk: checkpoints that are open, the page, and who may look at them, on a port of loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, messageOf, systemCode } from '@stillframe/core';
import { type CaseInput, DeskCase } from './case.ts';
import type { Contract, Downloads, Streams } from './contract/index.ts';
import { deskError } from './errors.ts';
import { type Answer, refuse, write } from './http/answer.ts';
import { Gate } from './http/gate.ts';
import { Question } from './http/question.ts';
import { Visitors } from './http/visitors.ts';
import { PageFiles, type PagePlace } from './page/page-files.ts';
import { answers, downloads, streams } from './routes/index.ts';

/** Options of startDesk. */
export interface DeskOptions {
  readonly cases: readonly CaseInput[];
  readonly page: PagePlace;
  /** Of Stillframe. */
  readonly version: string;
  /** 0, the default: one that is free. */
  readonly port?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A desk that answers. Disposing ends what is under way; the checkpoints stay open. */
export interface Desk extends AsyncDisposable {
  readonly port: number;
  /** With the token that works once. */
  readonly address: string;
}

/** Bytes: a body is a token. */
const MOST_BODY = 1 << 20;
const MOST_TARGET = 8192;

/** Starts to listen on 127.0.0.1. Throws ERR_DESK_PORT where the port is not to be had. */
export async function startDesk(options: DeskOptions): Promise<Desk> {
  const ending = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal;
  const files = await PageFiles.read(options.page);
  const cases = options.cases.map((input, index) => new DeskCase(String(index), input, signal));
  const server = createServer({ maxHeaderSize: 16 << 10 });
  const visitors = new Visitors(server);
  server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  try {
    await once(server, 'listening', { signal });
  } catch (cause) {
    server.close();
    if (systemCode(cause) === undefined) throw cause;
    throw deskError('ERR_DESK_PORT', `port ${options.port ?? 0}: ${messageOf(cause)}`, { cause });
  }
  const { port } = server.address() as AddressInfo;
  const gate = new Gate(port);
  const requests = new Requests({ files, cases, gate, visitors, version: options.version });
  server.on('request', (request, response) => void requests.serve(request, response, signal));
  return {
    port,
    get address() {
      return `http://127.0.0.1:${port}/#token=${gate.token ?? ''}`;
    },
    async [Symbol.asyncDispose]() {
      ending.abort(new DOMException('the desk is closed', 'AbortError'));
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Parts {
  readonly files: PageFiles;
  readonly cases: readonly DeskCase[];
  readonly gate: Gate;
  readonly visitors: Visitors;
  readonly version: string;
}

class Requests {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Never rejects: what fails is told to whoever asked. */
  async serve(request: IncomingMessage, response: ServerResponse, ending: AbortSignal): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new DOMException('nobody waits for the answer', 'AbortError')));
    const signal = AbortSignal.any([ending, gone.signal]);
    try {
      await write(await this.#answer(request, signal), response, signal);
    } catch (error) {
      if (signal.aborted) response.destroy();
      else refuse(error, response);
    }
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    const { gate, files, visitors } = this.#parts;
    gate.demandOwn(request);
    const { method = '', url = '/' } = request;
    if (url.length > MOST_TARGET) throw deskError('ERR_DESK_TOO_LARGE', 'the address is too long');
    const [path = '/', query = ''] = url.split('?', 2);
    if (method === 'POST' && path === '/api/enter') {
      const cookie = gate.enter((await bodyOf(request, signal)).trim());
      return { kind: 'json', value: {}, cookie };
    }
    if (method !== 'GET') throw deskError('ERR_DESK_METHOD', `nothing is done by ${method} here`);
    if (path.startsWith('/api/')) {
      gate.demandSession(request);
      visitors.know(request.socket);
      return this.#ask(path, new URLSearchParams(query), signal);
    }
    const file = files.find(path);
    if (!file) throw deskError('ERR_DESK_NOT_FOUND', 'the page has no such file');
    return file;
  }

  async #ask(path: string, values: URLSearchParams, signal: AbortSignal): Promise<Answer> {
    const { cases, version } = this.#parts;
    const [, id, name = ''] = /^\/api\/(\d{1,4})\/([a-z]+)$/.exec(path) ?? [];
    const one = cases.find((each) => each.id === id);
    if (!one) throw deskError('ERR_DESK_NOT_FOUND', 'the desk has no such checkpoint');
    const call = { one, cases, question: new Question(values), signal, version };
    if (Object.hasOwn(answers, name)) return { kind: 'json', value: await answers[name as keyof Contract](call) };
    if (Object.hasOwn(streams, name)) return { kind: 'lines', lines: streams[name as keyof Streams](call) };
    if (Object.hasOwn(downloads, name))
      return { kind: 'download', ...(await downloads[name as keyof Downloads](call)) };
    throw deskError('ERR_DESK_NOT_FOUND', 'the desk knows no such question');
  }
}

async function bodyOf(request: IncomingMessage, signal: AbortSignal): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    signal.throwIfAborted();
    bytes += part.length;
    if (bytes > MOST_BODY) throw deskError('ERR_DESK_TOO_LARGE', `a body has at most ${MOST_BODY} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
