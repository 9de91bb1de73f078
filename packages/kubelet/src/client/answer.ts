/** What a kubelet's answers mean: statuses and bodies of pkg/kubelet/server (checkpoint-spec 1.2). */
import { harmless, type StillframeError } from '@stillframe/core';
import { clientError } from './errors.ts';

/** An answer, its body read whole. */
export interface KubeletAnswer {
  readonly status: number;
  readonly body: string;
}

/** What runtimes say that cannot, and what to do about it. */
const RUNTIME_HINTS: readonly { said: RegExp; hint: string }[] = [
  {
    said: /code = Unimplemented/,
    hint: 'its runtime knows no CheckpointContainer: CRI-O 1.25 and containerd 2.0 are the first that do',
  },
  {
    said: /checkpoint\/restore support not available/,
    hint: 'CRI-O has it turned off: set enable_criu_support = true and restart it',
  },
  { said: /CRIU binary not found or too old/, hint: 'install CRIU on the node, 4.2 or later for kernels from 6.16 on' },
  {
    said: /container \S+ not found/,
    hint: 'the container is in the pod’s manifest, but none of that name runs at the moment',
  },
  { said: /DeadlineExceeded|context deadline exceeded/, hint: 'give it more time with --timeout' },
];

/** Characters of a path (limits.h). */
const PATH_MAX = 4096;

/** The path on the node; untrusted. Throws as failureOf says, and ERR_KUBELET_ANSWER for a body that is no such list. */
export function archiveIn({ status, body }: KubeletAnswer): string {
  if (status !== 200) throw failureOf({ status, body });
  const items = parsed(body)['items'];
  const [path] = Array.isArray(items) ? (items as unknown[]) : [];
  if (typeof path === 'string' && path.startsWith('/') && path.length < PATH_MAX && !path.includes('\0')) return path;
  throw clientError('ERR_KUBELET_ANSWER', `the answer names no archive: ${excerpt(body)}`);
}

/** The body as a JSON object. Throws ERR_KUBELET_ANSWER. */
export function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (cause) {
    throw clientError('ERR_KUBELET_ANSWER', `the answer is no JSON: ${excerpt(body)}`, { cause });
  }
  throw clientError('ERR_KUBELET_ANSWER', `the answer is no JSON object: ${excerpt(body)}`);
}

/** The error that an answer other than 200 stands for. */
export function failureOf({ status, body }: KubeletAnswer): StillframeError {
  const said = excerpt(messageIn(body));
  const details = { status };
  if (status === 401)
    return clientError('ERR_KUBELET_UNAUTHENTICATED', `the kubelet answers 401: ${said}`, { details });
  if (status === 403) return clientError('ERR_KUBELET_FORBIDDEN', `the kubelet answers 403: ${said}`, { details });
  if (status === 429) return clientError('ERR_KUBELET_BUSY', `the kubelet answers 429: ${said}`, { details });
  if (status === 404 && !/does not exist/.test(said)) {
    return clientError('ERR_KUBELET_NO_CHECKPOINTS', `the kubelet answers 404: ${said}`, { details });
  }
  if (status === 404) return clientError('ERR_KUBELET_NOT_FOUND', said, { details });
  const hint = RUNTIME_HINTS.find((each) => each.said.test(said))?.hint;
  const facts = hint === undefined ? { details } : { details, hint };
  return clientError('ERR_KUBELET_FAILED', `the kubelet answers ${status}: ${said}`, facts);
}

/** An API server that passes a kubelet's answer on wraps failures of its own in a Status. */
function messageIn(body: string): string {
  if (!body.startsWith('{')) return body;
  try {
    const { message } = parsed(body);
    return typeof message === 'string' ? message : body;
  } catch {
    return body;
  }
}

function excerpt(text: string): string {
  const line = harmless(text.trim().slice(0, 2000));
  return line === '' ? '(nothing)' : line;
}
