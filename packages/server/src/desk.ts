/** The desk: checkpoints that are open, the page, and who may look at them, on a port of loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, messageOf, systemCode } from '@stillframe/core';
import type { CaseInput } from './case.ts';
import { Cases } from './cases.ts';
import type { Actions, Contract, DeskContract, Downloads, Streams } from './contract/index.ts';
import { deskError } from './errors.ts';
import { type Answer, refuse, write } from './http/answer.ts';
import { Gate } from './http/gate.ts';
import { Question } from './http/question.ts';
import { Visitors } from './http/visitors.ts';
import { DeskNode } from './node/desk-node.ts';
import type { LiveNode } from './node/live-node.ts';
import { PageFiles, type PagePlace } from './page/page-files.ts';
import { actions, answers, deskAnswers, downloads, streams } from './routes/index.ts';

/** Options of startDesk. */
export interface DeskOptions {
  readonly cases: readonly CaseInput[];
  readonly page: PagePlace;
  /** A running node, whose containers can be checkpointed, and which restores copies. */
  readonly node?: LiveNode | undefined;
  /** Of Stillframe. */
  readonly version: string;
  /** 0, the default: one that is free. */
  readonly port?: number | undefined;
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A desk that answers. Disposing ends what is under way and waits for it; the checkpoints stay open. */
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
  const cases = new Cases(options.cases, signal);
  const node = options.node && new DeskNode(options.node, cases, signal);
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
  const requests = new Requests({ files, cases, node, gate, visitors, version: options.version });
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
      await node?.[Symbol.asyncDispose]();
    },
  };
}

interface Parts {
  readonly files: PageFiles;
  readonly cases: Cases;
  readonly node: DeskNode | undefined;
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
    if (method === 'POST' && path.startsWith('/api/')) {
      gate.demandSession(request);
      return this.#act(path, new URLSearchParams(await bodyOf(request, signal)), signal);
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
    const { cases, node, version } = this.#parts;
    const [, id, name = ''] = /^\/api\/(\d{1,4}|desk)\/([a-z]+)$/.exec(path) ?? [];
    const whole = { cases, node, question: new Question(values), signal, version };
    if (id === 'desk' && Object.hasOwn(deskAnswers, name))
      return { kind: 'json', value: await deskAnswers[name as keyof DeskContract](whole) };
    const one = cases.find(id);
    if (!one) throw deskError('ERR_DESK_NOT_FOUND', 'the desk has no such checkpoint');
    const call = { ...whole, one };
    if (Object.hasOwn(answers, name)) return { kind: 'json', value: await answers[name as keyof Contract](call) };
    if (Object.hasOwn(streams, name)) return { kind: 'lines', lines: streams[name as keyof Streams](call) };
    if (Object.hasOwn(downloads, name))
      return { kind: 'download', ...(await downloads[name as keyof Downloads](call)) };
    throw deskError('ERR_DESK_NOT_FOUND', 'the desk knows no such question');
  }

  /** What changes something: only ever posted, by the page itself, with its session. */
  async #act(path: string, values: URLSearchParams, signal: AbortSignal): Promise<Answer> {
    const { cases, node, version } = this.#parts;
    const [, name = ''] = /^\/api\/desk\/([a-z]+)$/.exec(path) ?? [];
    if (!Object.hasOwn(actions, name)) throw deskError('ERR_DESK_NOT_FOUND', 'the desk does no such thing');
    const call = { cases, node, question: new Question(values), signal, version };
    return { kind: 'json', value: await actions[name as keyof Actions](call) };
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
