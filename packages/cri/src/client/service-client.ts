/** Typed calls for any generated service: promises for unary methods, async iterables for server streams. */
import type { DescMethod, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import { type Client, type CallOptions as GrpcCallOptions, Metadata, type ServiceError } from '@grpc/grpc-js';
import { methodDefinition, methodsOf } from '../grpc/service-definition.ts';
import { errorOfStatus } from '../grpc/status.ts';

/** What every call may be given. */
export interface CallOptions {
  /** Cancels the call; it then rejects with the reason of the signal. */
  signal?: AbortSignal;
  /** Milliseconds until ERR_CRI_DEADLINE_EXCEEDED. Sent as the deadline, so that the far side stops too. */
  timeoutMs?: number;
  /** Said beside the request (gRPC metadata); a runtime that does not know a key passes over it. */
  metadata?: Readonly<Record<string, string>>;
}

/** A method for each of the service, named as in TypeScript: `listPodSandbox(request, options)`. */
export type ServiceClient<Methods extends GenServiceMethods> = {
  readonly [Name in keyof Methods]: Methods[Name]['methodKind'] extends 'server_streaming'
    ? StreamMethod<Methods[Name]>
    : UnaryMethod<Methods[Name]>;
};

/** Sends one message and waits for one. Throws ERR_CRI_<status>. */
export type UnaryMethod<Method extends GenServiceMethods[string]> = (
  request: MessageInitShape<Method['input']>,
  options?: CallOptions,
) => Promise<MessageShape<Method['output']>>;

/** Sends one message when iteration begins; leaving the loop cancels the call. Throws ERR_CRI_<status>. */
export type StreamMethod<Method extends GenServiceMethods[string]> = (
  request: MessageInitShape<Method['input']>,
  options?: CallOptions,
) => AsyncIterable<MessageShape<Method['output']>>;

/** Makes the methods of `service` over the channel of `client`; `timeoutMs` holds for unary calls that give none. */
export function serviceClient<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  client: Client,
  timeoutMs: number,
): ServiceClient<Methods> {
  const entries = methodsOf(service).map((method) => [
    method.localName,
    method.methodKind === 'server_streaming' ? streamMethod(method, client) : unaryMethod(method, client, timeoutMs),
  ]);
  // The keys of the generated type are the localName of each method; fromEntries cannot know.
  return Object.fromEntries(entries) as ServiceClient<Methods>;
}

function unaryMethod(method: DescMethod, client: Client, defaultTimeout: number): UnaryMethod<DescMethod> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return (request, options = {}) =>
    new Promise((resolve, reject) => {
      const { signal, timeoutMs = defaultTimeout } = options;
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        call.cancel();
        reject(signal?.reason);
      };
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadataOf(options.metadata),
        deadlineOf(timeoutMs),
        (failure, response) => {
          signal?.removeEventListener('abort', abort);
          if (failure) reject(errorOfStatus(failure, method.name));
          else resolve(response as MessageShape<DescMethod['output']>);
        },
      );
      signal?.addEventListener('abort', abort, { once: true });
    });
}

function streamMethod(method: DescMethod, client: Client): StreamMethod<DescMethod> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return async function* (request, { signal, timeoutMs } = {}) {
    signal?.throwIfAborted();
    const call = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      deadlineOf(timeoutMs),
    );
    const abort = () => call.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for await (const message of call) yield message as MessageShape<DescMethod['output']>;
    } catch (failure) {
      signal?.throwIfAborted();
      throw isServiceError(failure) ? errorOfStatus(failure, method.name) : failure;
    } finally {
      signal?.removeEventListener('abort', abort);
      call.cancel();
    }
  };
}

function metadataOf(pairs: CallOptions['metadata'] = {}): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(pairs)) metadata.set(key, value);
  return metadata;
}

function deadlineOf(timeoutMs: number | undefined): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function isServiceError(value: unknown): value is ServiceError {
  return value instanceof Error && 'code' in value && typeof value.code === 'number' && 'details' in value;
}
