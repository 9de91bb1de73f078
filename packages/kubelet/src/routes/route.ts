/** What a route is, and what it is given. */
import { messageOf, StillframeError } from '@stillframe/core';
import { type CriClient, rpcErrorText } from '@stillframe/cri/client';
import type { PodSubresource } from '../access/rules.ts';
import type { User } from '../auth/user.ts';
import type { SharedCaptures } from '../checkpoint/shared-captures.ts';
import type { Answer, Upgrade } from '../http/answer.ts';
import type { PodDocument } from '../supervise/supervisor.ts';

/** What every route may use. */
export interface RouteContext {
  readonly cri: CriClient;
  readonly nodeName: string;
  readonly captures: SharedCaptures;
  /** Pods that are kept here, with their status: the list of /pods has them as they are. */
  readonly kept: (() => readonly PodDocument[]) | undefined;
  /** The text of /metrics; undefined where the node measures nothing. */
  readonly metrics: (() => Promise<MetricsText>) | undefined;
  /** What /configz shows. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** Metrics in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/** One authenticated and allowed request. */
export interface Call {
  /** Values of the path's parameters, decoded but not judged. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly from: string;
  readonly auditID: string;
  /** The protocol that the client wants to change to, in small letters; undefined for an ordinary request. */
  readonly upgrade: string | undefined;
  /** Sub-protocols of a WebSocket that the client offers. */
  readonly protocols: readonly string[];
  /** Aborts when the client goes away or the server ends. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly methods: readonly ('GET' | 'POST')[];
  /** Segments of the path; `:name` takes any one segment. */
  readonly path: readonly string[];
  /** The right on a pod that allows it as well as the one on the node. */
  readonly onPod?: PodSubresource;
  /** Whether it may change something: it is written down before it is done. */
  readonly acts: boolean;
  readonly answer: (context: RouteContext, call: Call) => Promise<Answer | Upgrade>;
}

/** What came over gRPC in the words of Go clients, anything else as it is. */
export function failureText(error: unknown): string {
  const overGrpc = StillframeError.is(error) && ('rpc' in error.details || error.code === 'ERR_KUBELET_TIME_OVER');
  return overGrpc ? rpcErrorText(error) : messageOf(error);
}
