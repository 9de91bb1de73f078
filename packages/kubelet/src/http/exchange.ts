/** One request from its coming to its last byte: judged, written down, answered. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { harmless, type Logger, messageOf } from '@stillframe/core';
import type { AuditLog } from '../audit/audit-log.ts';
import { type AuditedRequest, type AuditStage, auditEvent } from '../audit/event.ts';
import type { Call, RouteContext } from '../routes/route.ts';
import { handOn } from '../stream/hand-on.ts';
import { type Admission, admit, BODY_LIMIT, type Gate } from './admission.ts';
import { type Answer, text, type Upgrade } from './answer.ts';
import { respond } from './respond.ts';

/** What a server says of each request when it is over. */
export interface EndedRequest {
  readonly method: string;
  /** First segment of the path of a known route, else `other`. */
  readonly path: string;
  readonly status: number;
  readonly seconds: number;
  readonly longRunning: boolean;
}

/** What all exchanges of a server share. */
export interface Desk {
  readonly gate: Gate;
  readonly context: RouteContext;
  readonly audit: AuditLog | undefined;
  readonly logger: Logger;
  readonly onRequest: ((request: EndedRequest) => void) | undefined;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
}

/** A connection that its client wants to change to another protocol. */
export interface Switching {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Status in the log for a client that did not wait for its answer. */
const CLIENT_GONE = 499;

export class Exchange {
  readonly #desk: Desk;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #switching: Switching | undefined;
  readonly #auditID = randomUUID();
  readonly #received = new Date();
  readonly #began = performance.now();
  readonly #from: string;
  readonly #gone = new AbortController();
  #admission: Admission | undefined;

  constructor(desk: Desk, request: IncomingMessage, response: ServerResponse, switching?: Switching) {
    this.#desk = desk;
    this.#request = request;
    this.#response = response;
    this.#switching = switching;
    // The socket forgets it when the client goes away.
    this.#from = request.socket.remoteAddress ?? '';
  }

  /** Resolves when everything is answered and written down. Never rejects. */
  async run(): Promise<void> {
    const { logger, ending } = this.#desk;
    const leave = () => this.#gone.abort(new Error('the client has gone'));
    (this.#switching?.socket ?? this.#response).once('close', leave);
    this.#bound();
    const signal = AbortSignal.any([this.#gone.signal, ending]);
    let status = 500;
    let annotations: Answer['annotations'];
    try {
      const answer = ending.aborted ? unavailable() : await this.#answer(signal);
      if ('upgradeTo' in answer) {
        status = await this.#handOn(answer, signal);
      } else {
        ({ status, annotations } = answer);
        if (typeof answer.body !== 'string' && !(answer.body instanceof Uint8Array)) {
          await this.#note('ResponseStarted', status).catch(() => undefined);
        }
        // What nobody waits for any more is written to nobody.
        if (this.#gone.signal.aborted) status = CLIENT_GONE;
        else await respond(this.#response, answer, this.#auditID);
      }
    } catch (error) {
      logger.log('error', 'request failed', { auditID: this.#auditID, reason: harmless(messageOf(error)) });
      if (this.#gone.signal.aborted) status = CLIENT_GONE;
      else if (this.#response.headersSent) this.#response.destroy();
      else await respond(this.#response, text(500, 'Internal Server Error'), this.#auditID);
    }
    await this.#end(status, annotations);
  }

  async #answer(signal: AbortSignal): Promise<Answer | Upgrade> {
    const { gate, context, logger } = this.#desk;
    const admission = await admit(this.#request, gate);
    this.#admission = admission;
    const { answer, match, user, query } = admission;
    if (answer || !match || !user) return answer ?? text(404, '404 page not found\n');
    if (match.route.acts) {
      try {
        await this.#note('RequestReceived');
      } catch (error) {
        // What cannot be written down is not done.
        logger.log('error', 'the audit log cannot be written', { reason: messageOf(error) });
        return text(500, 'the audit log cannot be written');
      }
    }
    const { headers } = this.#request;
    const body = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
    if (this.#switching && body) return text(400, 'an upgrade takes no body\n');
    const call: Call = {
      params: match.params,
      query,
      user,
      from: this.#from,
      auditID: this.#auditID,
      upgrade: this.#switching && (headers.upgrade ?? '').toLowerCase(),
      protocols: (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim()),
      signal,
    };
    return match.route.answer(context, call);
  }

  async #handOn({ upgradeTo }: Upgrade, signal: AbortSignal): Promise<number> {
    const { socket, head } = this.#switching ?? {};
    if (!socket || !head) throw new Error('an ordinary request cannot be handed on');
    let handed: Awaited<ReturnType<typeof handOn>>;
    this.#response.detachSocket(this.#request.socket);
    try {
      const headers = { 'Audit-ID': this.#auditID };
      handed = await handOn(upgradeTo, this.#request, socket, head, { headers, signal });
    } catch (error) {
      if (!this.#gone.signal.aborted) {
        this.#response.assignSocket(this.#request.socket);
        await respond(this.#response, text(500, `${messageOf(error)}\n`), this.#auditID);
      }
      return 500;
    }
    await this.#note('ResponseStarted', handed.status).catch(() => undefined);
    await handed.ended;
    return handed.status;
  }

  /** Bodies mean nothing here: read and forgotten, up to a limit. */
  #bound(): void {
    if (this.#switching) return;
    let bytes = 0;
    this.#request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_LIMIT) this.#request.destroy();
    });
  }

  async #note(stage: AuditStage, status?: number, annotations?: Answer['annotations']): Promise<void> {
    const { user, decision } = this.#admission ?? {};
    const outcome = { user, decision, status, ...(annotations ? { annotations } : {}) };
    await this.#desk.audit?.write(auditEvent(stage, this.#audited(), outcome, new Date()));
  }

  #audited(): AuditedRequest {
    const { method = '', url = '', headers } = this.#request;
    const { verb = '', subresources = [] } = this.#admission?.attributes ?? {};
    return {
      auditID: this.#auditID,
      received: this.#received,
      method,
      uri: url,
      verb,
      from: this.#from,
      userAgent: headers['user-agent'],
      nodeName: this.#desk.context.nodeName,
      subresource: subresources[0],
    };
  }

  async #end(status: number, annotations: Answer['annotations']): Promise<void> {
    const { logger, onRequest } = this.#desk;
    const { method = '', url = '' } = this.#request;
    const { user, match } = this.#admission ?? {};
    await this.#note('ResponseComplete', status, annotations).catch((error: unknown) =>
      logger.log('error', 'the audit log cannot be written', { reason: messageOf(error) }),
    );
    const seconds = (performance.now() - this.#began) / 1000;
    logger.log('info', 'request', {
      auditID: this.#auditID,
      method,
      path: harmless(url),
      status,
      user: user?.name,
      from: this.#from,
      milliseconds: Math.round(seconds * 1000),
    });
    const path = match?.route.path[0] ?? 'other';
    onRequest?.({ method, path, status, seconds, longRunning: this.#switching !== undefined });
  }
}

function unavailable(): Answer {
  return text(503, 'the server is ending\n', { 'retry-after': '5', connection: 'close' });
}
