/** The CRI v1 server of the embedded node, on a unix socket. */
import { rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Logger, messageOf, StillframeError, silentLogger } from '@stillframe/core';
import type { EmbeddedNode } from '@stillframe/runtime';
import { listenOnSocket, served } from './grpc/listen.ts';
import { type EndedCall, observed } from './observe.ts';
import { ImageService, RuntimeService } from './proto.ts';
import { imageRpcs, runtimeRpcs } from './rpc/index.ts';
import { type StreamingPlace, startStreaming } from './streaming/server.ts';

export interface CriServerOptions {
  /** Absolute path; a socket that a dead server left there is replaced. */
  socket: string;
  logger?: Logger;
  /** Where exec, attach and port-forward are served. */
  streaming?: StreamingPlace | undefined;
  /** Told of every call that has ended. */
  onCall?: (call: EndedCall) => void;
  /** Milliseconds that calls under way get to end when the server stops; 60,000 by default. */
  graceMs?: number;
}

const GRACE = 60_000;

/** Serves until disposed. Throws ERR_NODE_BUSY where something answers on the socket already. */
export async function serveCri(node: EmbeddedNode, options: CriServerOptions): Promise<AsyncDisposable> {
  const logger = options.logger ?? silentLogger;
  const failed = (method: string, error: unknown) => {
    const code = StillframeError.is(error) ? error.code : 'unknown';
    logger.log('warn', 'RPC failed', { method, code, reason: messageOf(error) });
  };
  await freeSocket(options.socket);
  const streaming = await startStreaming({ ...options.streaming, logger });
  const ended = options.onCall ?? (() => undefined);
  const handlers = (rpcs: typeof runtimeRpcs | typeof imageRpcs) =>
    Object.fromEntries(Object.entries(rpcs).map(([name, rpc]) => [name, observed(name, rpc(node, streaming), ended)]));
  const [runtime, image] = [handlers(runtimeRpcs), handlers(imageRpcs)];
  const services = [served(RuntimeService, runtime, failed), served(ImageService, image, failed)];
  const listening = await listenOnSocket(options.socket, services, { graceMs: options.graceMs ?? GRACE }).catch(
    async (error) => {
      await streaming[Symbol.asyncDispose]();
      throw error;
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      // Streams of events end by themselves never, and would hold up the end of the server.
      node.context.events.close();
      await listening[Symbol.asyncDispose]();
      await streaming[Symbol.asyncDispose]();
    },
  };
}

async function freeSocket(path: string): Promise<void> {
  if (!(await stat(path).catch(() => undefined))) return;
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    setTimeout(() => socket.destroy(), 1000).unref();
    socket.once('connect', () => socket.destroy());
  });
  if (answered) {
    throw new StillframeError('ERR_NODE_BUSY', 'failed-precondition', `something answers on ${path} already`);
  }
  await rm(path, { force: true });
}
