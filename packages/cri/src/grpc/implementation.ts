/** Handlers written as plain async functions, made into what grpc-js calls. */
import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { messageOf, StillframeError } from '@stillframe/core';
import { criError } from './errors.ts';
import { methodsOf } from './service-definition.ts';
import { statusOf } from './status.ts';

/** What a handler knows of its call. */
export interface CallContext {
  /** Aborts when the caller cancels, goes away or its deadline passes. */
  readonly signal: AbortSignal;
  /** When the caller stops waiting, in milliseconds since 1970; Infinity without a deadline. */
  readonly deadline: number;
  /** What the caller says beside the request (gRPC metadata), by its key in lower case; texts only. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** One handler a method: a promise for a unary method, an async iterable for a server stream. */
export type ServiceHandlers<Methods extends GenServiceMethods> = {
  [Name in keyof Methods]: Methods[Name]['methodKind'] extends 'server_streaming'
    ? StreamHandler<Methods[Name]>
    : UnaryHandler<Methods[Name]>;
};

/** Answers one call with one message. */
export type UnaryHandler<Method extends GenServiceMethods[string]> = (
  request: MessageShape<Method['input']>,
  context: CallContext,
) => Promise<MessageInitShape<Method['output']>>;

/** Answers one call with any number of messages. */
export type StreamHandler<Method extends GenServiceMethods[string]> = (
  request: MessageShape<Method['input']>,
  context: CallContext,
) => AsyncIterable<MessageInitShape<Method['output']>>;

type AnyHandler = (request: unknown, context: CallContext) => Promise<unknown> | AsyncIterable<unknown>;

/**
 * The second argument of `Server.addService` for `serviceDefinition(service)`. What a handler throws becomes a status
 * by `statusOf`; a method without a handler answers UNIMPLEMENTED in the words of generated Go servers, which kubelet
 * and crictl recognise. `failed` is told of every failure, for the log.
 */
export function implementService<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  handlers: Partial<ServiceHandlers<Methods>>,
  failed: (method: string, error: unknown) => void = () => undefined,
): UntypedServiceImplementation {
  const byName = new Map<string, unknown>(Object.entries(handlers));
  const calls = methodsOf(service).map((method) => {
    const handler = (byName.get(method.localName) ?? missing(method.name, method.methodKind)) as AnyHandler;
    const report = (error: unknown) => failed(method.name, error);
    return [
      method.localName,
      method.methodKind === 'server_streaming' ? streamCall(handler, report) : unaryCall(handler, report),
    ];
  });
  return Object.fromEntries(calls) as UntypedServiceImplementation;
}

function unaryCall(handler: AnyHandler, report: (error: unknown) => void): handleUnaryCall<unknown, unknown> {
  return async (call, callback) => {
    try {
      callback(null, await handler(call.request, contextOf(call)));
    } catch (error) {
      report(error);
      callback(statusOf(error));
    }
  };
}

function streamCall(
  handler: AnyHandler,
  report: (error: unknown) => void,
): handleServerStreamingCall<unknown, unknown> {
  return async (call) => {
    const context = contextOf(call);
    try {
      for await (const message of handler(call.request, context) as AsyncIterable<unknown>) {
        if (context.signal.aborted) break;
        if (!call.write(message)) await drained(call, context.signal);
      }
      call.end();
    } catch (error) {
      if (!context.signal.aborted) report(error);
      const { code, details, metadata } = statusOf(error);
      // Not destroy(): grpc-js sends the status only when the stream ends by itself after 'error'.
      call.emit('error', Object.assign(new Error(messageOf(error)), { code, details, metadata }));
    }
  };
}

function contextOf(call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>): CallContext {
  const gone = new AbortController();
  const abort = () => {
    const late = Number(call.getDeadline()) <= Date.now();
    const message = late ? 'the deadline of this RPC is over' : 'the caller of this RPC no longer waits for it';
    gone.abort(criError(late ? 'ERR_CRI_DEADLINE_EXCEEDED' : 'ERR_CRI_CANCELLED', message));
  };
  if (call.cancelled) abort();
  else call.once('cancelled', abort);
  const texts = Object.entries(call.metadata.getMap()).filter((entry): entry is [string, string] => {
    return typeof entry[1] === 'string';
  });
  return { signal: gone.signal, deadline: Number(call.getDeadline()), metadata: new Map(texts) };
}

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

function missing(name: string, kind: string): AnyHandler {
  const error = () => new StillframeError('ERR_CRI_UNIMPLEMENTED', 'unimplemented', `method ${name} not implemented`);
  if (kind !== 'server_streaming') return () => Promise.reject(error());
  // biome-ignore lint/correctness/useYield: the stream fails before its first message
  return async function* () {
    throw error();
  };
}
