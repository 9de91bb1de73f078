/** A client for the CRI socket of any runtime: ours, CRI-O, containerd. */
import { Client, credentials } from '@grpc/grpc-js';
import { isCode } from '@stillframe/core';
import { criChannelOptions } from '../grpc/channel-options.ts';
import { criError } from '../grpc/errors.ts';
import type { MethodsOf } from '../grpc/service-definition.ts';
import { ImageService, RuntimeService, type VersionResponse } from '../proto.ts';
import { freezingAgain } from './freeze-again.ts';
import { type ServiceClient, serviceClient } from './service-client.ts';
import { probeSocket, socketPath } from './socket.ts';

export interface CriClientOptions {
  /** Absolute path of the socket, or `unix://` and the path. */
  socket: string;
  /** Ends the opening. Calls take a signal of their own. */
  signal?: AbortSignal;
  /** Milliseconds for the connection and the first answer, 2,000 by default. */
  connectTimeoutMs?: number;
  /** Milliseconds for a unary call that gives no time of its own, 120,000 by default as in kubelet. */
  timeoutMs?: number;
}

/** An open connection. Disposing closes it; calls under way then fail with ERR_CRI_CANCELLED. */
export interface CriClient extends AsyncDisposable {
  readonly runtime: ServiceClient<MethodsOf<typeof RuntimeService>>;
  readonly image: ServiceClient<MethodsOf<typeof ImageService>>;
  /** What the runtime said of itself when the connection was opened. */
  readonly version: VersionResponse;
  /** Absolute path of the socket. */
  readonly socket: string;
}

/**
 * Connects and asks for the version, so that a socket without a CRI runtime behind it fails here and not later.
 * Throws ERR_CRI_SOCKET_INVALID, ERR_CRI_UNAVAILABLE (nobody listens, or no answer in time), ERR_CRI_UNIMPLEMENTED
 * (something that speaks gRPC but not CRI v1), or the reason of `signal`.
 */
export async function openCriClient(options: CriClientOptions): Promise<CriClient> {
  const { signal, connectTimeoutMs = 2_000, timeoutMs = 120_000 } = options;
  const socket = socketPath(options.socket);
  const timeUp = AbortSignal.timeout(connectTimeoutMs);
  const client = new Client(`unix://${socket}`, credentials.createInsecure(), {
    ...criChannelOptions,
    // Go servers refuse the percent-encoded path that would be sent otherwise.
    'grpc.default_authority': 'localhost',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_reconnect_backoff_ms': 5_000,
  });
  try {
    const both = signal ? AbortSignal.any([signal, timeUp]) : timeUp;
    await probeSocket(socket, both);
    const plain = serviceClient(RuntimeService, client, timeoutMs);
    const runtime = { ...plain, checkpointContainer: freezingAgain(plain.checkpointContainer) };
    const version = await runtime.version({ version: 'v1' }, { signal: both });
    const image = serviceClient(ImageService, client, timeoutMs);
    return { runtime, image, version, socket, [Symbol.asyncDispose]: async () => client.close() };
  } catch (error) {
    client.close();
    signal?.throwIfAborted();
    throw explained(error, socket, timeUp.aborted ? connectTimeoutMs : undefined);
  }
}

function explained(error: unknown, socket: string, waitedMs: number | undefined): unknown {
  if (waitedMs !== undefined) {
    return criError('ERR_CRI_UNAVAILABLE', `no answer on the CRI socket ${socket} within ${waitedMs} ms`, {
      cause: error,
      details: { path: socket },
      hint: 'something listens there but does not answer: is it the socket of a container runtime, and is that well?',
    });
  }
  if (!isCode(error, 'ERR_CRI_UNIMPLEMENTED')) return error;
  return criError('ERR_CRI_UNIMPLEMENTED', `what listens on ${socket} speaks gRPC but not CRI v1`, {
    cause: error,
    details: { path: socket },
    hint: 'CRI v1 needs CRI-O or containerd of 2022 or later, with the CRI plugin enabled',
  });
}
