/** The desk: checkpoints that are open, the page, and who may look at them, on a port of loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Logger, messageOf, systemCode } from '@stillframe/core';
import type { CaseInput } from './case.ts';
import { Cases } from './cases.ts';
import { deskError } from './errors.ts';
import { Gate } from './http/gate.ts';
import { Requests } from './http/requests.ts';
import { TerminalSockets } from './http/terminal-socket.ts';
import { Visitors } from './http/visitors.ts';
import { DeskNode } from './node/desk-node.ts';
import type { LiveNode } from './node/live-node.ts';
import { PageFiles, type PagePlace } from './page/page-files.ts';
import { type StartYara, YaraDesk } from './yara.ts';

/** Options of startDesk. */
export interface DeskOptions {
  readonly cases: readonly CaseInput[];
  readonly page: PagePlace;
  /** A running node, whose containers can be checkpointed, and which restores copies. */
  readonly node?: LiveNode | undefined;
  /** Runs YARA rules; without it the desk searches by none. */
  readonly startYara?: StartYara | undefined;
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
  void files.warm();
  const { port } = server.address() as AddressInfo;
  const gate = new Gate(port);
  const terminals = new TerminalSockets();
  const requests = new Requests({
    ...{ files, cases, node, gate, visitors, terminals },
    ...{ yara: new YaraDesk(options.startYara), version: options.version },
  });
  server.on('request', (request, response) => void requests.serve(request, response, signal));
  server.on('upgrade', (request, socket, head) => requests.upgrade(request, socket, head, signal));
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
      terminals[Symbol.dispose]();
      await closed;
      await node?.[Symbol.asyncDispose]();
    },
  };
}
