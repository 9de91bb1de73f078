/** What is done with a request: the gate first, then the route that its address names. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Cases } from '../cases.ts';
import type { Actions, Contract, DeskContract, Downloads, PostedStreams, Streams } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import type { DeskNode } from '../node/desk-node.ts';
import type { PageFiles } from '../page/page-files.ts';
import { actions, answers, deskAnswers, downloads, postedStreams, streams, terminalOf } from '../routes/index.ts';
import type { YaraDesk } from '../yara.ts';
import { type Answer, refuse, refuseUpgrade, write } from './answer.ts';
import type { Gate } from './gate.ts';
import { Question } from './question.ts';
import type { TerminalSockets } from './terminal-socket.ts';
import type { Visitors } from './visitors.ts';

/** Bytes: a body is a token, or what is done. */
const MOST_BODY = 1 << 20;
const MOST_TARGET = 8192;

/** What requests are answered from. */
interface Parts {
  readonly files: PageFiles;
  readonly cases: Cases;
  readonly node: DeskNode | undefined;
  readonly gate: Gate;
  readonly visitors: Visitors;
  readonly terminals: TerminalSockets;
  readonly yara: YaraDesk;
  readonly version: string;
}

/** Answers requests, each after the gate. */
export class Requests {
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

  /** A request to stay connected: only of the page itself, with its session, and only for the terminal of a copy. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, ending: AbortSignal): void {
    const { gate, visitors, terminals, cases, node, yara, version } = this.#parts;
    socket.on('error', () => undefined);
    try {
      gate.demandOwn(request);
      gate.demandSession(request);
      visitors.know(request.socket);
      const [path, query = ''] = (request.url ?? '').slice(0, MOST_TARGET).split('?', 2);
      if (path !== '/api/desk/terminal') throw deskError('ERR_DESK_NOT_FOUND', 'nothing stays connected there');
      const question = new Question(new URLSearchParams(query));
      terminals.serve(request, socket, head, (gone) => {
        const signal = AbortSignal.any([gone, ending]);
        return terminalOf({ cases, node, yara, question, signal, version }, signal);
      });
    } catch (error) {
      refuseUpgrade(error, socket);
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
    const { cases, node, yara, version } = this.#parts;
    const [, id, name = ''] = /^\/api\/(\d{1,4}|desk)\/([a-z]+)$/.exec(path) ?? [];
    const whole = { cases, node, yara, question: new Question(values), signal, version };
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

  /** What is posted, by the page itself with its session: what changes something, and what is asked at length. */
  async #act(path: string, values: URLSearchParams, signal: AbortSignal): Promise<Answer> {
    const { cases, node, yara, version } = this.#parts;
    const [, id, name = ''] = /^\/api\/(\d{1,4}|desk)\/([a-z]+)$/.exec(path) ?? [];
    const call = { cases, node, yara, question: new Question(values), signal, version };
    const one = cases.find(id);
    if (one && Object.hasOwn(postedStreams, name))
      return { kind: 'lines', lines: postedStreams[name as keyof PostedStreams]({ ...call, one }) };
    if (id !== 'desk' || !Object.hasOwn(actions, name))
      throw deskError('ERR_DESK_NOT_FOUND', 'the desk does no such thing');
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
