/**
 * What an answer of a kubelet, or its lack, says about the container. Only where it is certain that no capture was begun may one be
 * asked for again.
 */
import { isCode, StillframeError, systemCode } from '@stillframe/core';
import { archivePlace } from '@stillframe/kubernetes';

export type Outcome =
  | { readonly kind: 'captured'; readonly path: string }
  | { readonly kind: 'not-asked' | 'failed' | 'unknown'; readonly reason: string; readonly message: string };

/** Nothing went out: names not found, nobody listening. */
const NEVER_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
/** The API server did not get a connection to the kubelet. */
const NEVER_REACHED = /dial tcp|no route to host|connection refused/;
/** The runtime may be at work still. */
const OUT_OF_TIME = /deadline ?exceeded|context canceled/i;

/** Reasons of what is certain, by code. */
const CERTAIN: Readonly<Record<string, string>> = {
  ERR_CLUSTER_NOT_FOUND: 'ContainerNotFound',
  ERR_CLUSTER_NODE_FORBIDS: 'NodeForbids',
  ERR_CLUSTER_NODE_NO_CHECKPOINTS: 'NodeMakesNoCheckpoints',
  ERR_CLUSTER_NODE_NO_CRIU: 'RuntimeCannot',
};

export function outcomeOfPath(path: string): Outcome {
  if (archivePlace(path)) return { kind: 'captured', path };
  const message = `the kubelet answers ${JSON.stringify(path.slice(0, 200))}, which is no path that a kubelet gives an archive`;
  return { kind: 'unknown', reason: 'PathRefused', message };
}

export function outcomeOfError(error: unknown): Outcome {
  if (!StillframeError.is(error)) return { kind: 'unknown', reason: 'AnswerLost', message: textOf(error) };
  const message = error.message;
  const certain = CERTAIN[error.code];
  if (certain !== undefined) return { kind: 'failed', reason: certain, message };
  // An API server that starts knows neither users nor rights for a moment; what it refuses it has not handed on.
  if (isCode(error, 'ERR_CLUSTER_FORBIDDEN') || isCode(error, 'ERR_CLUSTER_CREDENTIALS')) {
    return { kind: 'not-asked', reason: 'Forbidden', message };
  }
  const wasNotSent = NEVER_SENT.includes(systemCode(error.cause) ?? '');
  const isBusy = Number(error.details['status']) === 429 || isCode(error, 'ERR_KUBELET_BUSY');
  const unreached = isCode(error, 'ERR_CLUSTER_NODE_UNREACHABLE') && NEVER_REACHED.test(message);
  if (isBusy || unreached || (isCode(error, 'ERR_CLUSTER_UNREACHABLE') && wasNotSent)) {
    return { kind: 'not-asked', reason: isBusy ? 'NodeBusy' : 'NodeUnreachable', message };
  }
  if (isCode(error, 'ERR_CLUSTER_CHECKPOINT_FAILED')) {
    if (OUT_OF_TIME.test(message)) return { kind: 'unknown', reason: 'OutOfTime', message };
    return { kind: 'failed', reason: 'CaptureFailed', message };
  }
  return { kind: 'unknown', reason: 'AnswerLost', message };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
