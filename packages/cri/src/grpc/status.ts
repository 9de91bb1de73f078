/** Failures on their way over gRPC: our error to a status at the server, a status to our error at the client. */
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { type ErrorKind, messageOf, StillframeError, typedSystemError, unsuppressed } from '@stillframe/core';
import { type CriErrorCode, criError } from './errors.ts';

/** One gRPC status code: our kind, its name in the texts of Go programs, and the code of the error that a client throws. */
interface StatusRow {
  kind: ErrorKind;
  number: status;
  goName: string;
  code: CriErrorCode;
}

const ROWS: readonly StatusRow[] = [
  { kind: 'cancelled', number: status.CANCELLED, goName: 'Canceled', code: 'ERR_CRI_CANCELLED' },
  { kind: 'unknown', number: status.UNKNOWN, goName: 'Unknown', code: 'ERR_CRI_UNKNOWN' },
  {
    kind: 'invalid-argument',
    number: status.INVALID_ARGUMENT,
    goName: 'InvalidArgument',
    code: 'ERR_CRI_INVALID_ARGUMENT',
  },
  {
    kind: 'deadline-exceeded',
    number: status.DEADLINE_EXCEEDED,
    goName: 'DeadlineExceeded',
    code: 'ERR_CRI_DEADLINE_EXCEEDED',
  },
  { kind: 'not-found', number: status.NOT_FOUND, goName: 'NotFound', code: 'ERR_CRI_NOT_FOUND' },
  { kind: 'already-exists', number: status.ALREADY_EXISTS, goName: 'AlreadyExists', code: 'ERR_CRI_ALREADY_EXISTS' },
  {
    kind: 'permission-denied',
    number: status.PERMISSION_DENIED,
    goName: 'PermissionDenied',
    code: 'ERR_CRI_PERMISSION_DENIED',
  },
  {
    kind: 'resource-exhausted',
    number: status.RESOURCE_EXHAUSTED,
    goName: 'ResourceExhausted',
    code: 'ERR_CRI_RESOURCE_EXHAUSTED',
  },
  {
    kind: 'failed-precondition',
    number: status.FAILED_PRECONDITION,
    goName: 'FailedPrecondition',
    code: 'ERR_CRI_FAILED_PRECONDITION',
  },
  { kind: 'aborted', number: status.ABORTED, goName: 'Aborted', code: 'ERR_CRI_ABORTED' },
  { kind: 'out-of-range', number: status.OUT_OF_RANGE, goName: 'OutOfRange', code: 'ERR_CRI_OUT_OF_RANGE' },
  { kind: 'unimplemented', number: status.UNIMPLEMENTED, goName: 'Unimplemented', code: 'ERR_CRI_UNIMPLEMENTED' },
  { kind: 'internal', number: status.INTERNAL, goName: 'Internal', code: 'ERR_CRI_INTERNAL' },
  { kind: 'unavailable', number: status.UNAVAILABLE, goName: 'Unavailable', code: 'ERR_CRI_UNAVAILABLE' },
  { kind: 'data-loss', number: status.DATA_LOSS, goName: 'DataLoss', code: 'ERR_CRI_DATA_LOSS' },
  {
    kind: 'unauthenticated',
    number: status.UNAUTHENTICATED,
    goName: 'Unauthenticated',
    code: 'ERR_CRI_UNAUTHENTICATED',
  },
];
const UNKNOWN: StatusRow = { kind: 'unknown', number: status.UNKNOWN, goName: 'Unknown', code: 'ERR_CRI_UNKNOWN' };

/** Characters of a status text. It travels percent-encoded in a header, and peers bound their headers. */
const DETAILS_LIMIT = 4096;
/** Trailer that carries our own error code, for clients that know it. */
const CODE_TRAILER = 'stillframe-code';
/** Trailer with the hint that the text ends with, percent-encoded, so that our client can tell the two apart. */
const HINT_TRAILER = 'stillframe-hint';

/**
 * The status that a gRPC server answers for anything thrown. An error of ours keeps its kind, its message with the
 * hint in brackets, and its code in a trailer; an abort is CANCELLED; everything else is UNKNOWN, as in Go runtimes.
 */
export function statusOf(thrown: unknown): StatusObject {
  const failed = unsuppressed(thrown);
  const error = StillframeError.is(failed) ? failed : (typedSystemError(failed) ?? failed);
  const metadata = new Metadata();
  if (StillframeError.is(error)) {
    metadata.set(CODE_TRAILER, error.code);
    if (error.hint) metadata.set(HINT_TRAILER, encodeURIComponent(bounded(error.hint).toWellFormed()));
    const text = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
    return { code: rowOfKind(error.kind).number, details: bounded(text), metadata };
  }
  const aborted = error instanceof Error && error.name === 'AbortError';
  return { code: aborted ? status.CANCELLED : status.UNKNOWN, details: bounded(messageOf(error)), metadata };
}

/**
 * The error that a client throws for a failed call: ERR_CRI_<status>, with `details.rpc` (`rpcErrorText`) and
 * `details.method`. From a Stillframe server it has that one's message, hint and code (`details.remoteCode`).
 */
export function errorOfStatus(failure: ServiceError, method: string): StillframeError {
  const row = ROWS.find((candidate) => candidate.number === failure.code) ?? UNKNOWN;
  const trailer = (name: string) => {
    const value = failure.metadata?.get(name)[0];
    return typeof value === 'string' ? value : undefined;
  };
  const remoteCode = trailer(CODE_TRAILER);
  const rpc = `rpc error: code = ${row.goName} desc = ${failure.details}`;
  if (remoteCode === undefined) {
    return criError(row.code, `${method}: ${failure.details}`, { cause: failure, details: { rpc, method } });
  }
  // Ours says what to do itself; the table's advice is for a runtime that did not answer.
  const hint = decoded(trailer(HINT_TRAILER));
  const end = ` (${hint})`;
  const message =
    hint !== '' && failure.details.endsWith(end) ? failure.details.slice(0, -end.length) : failure.details;
  return criError(row.code, message, { cause: failure, details: { rpc, method, remoteCode }, hint });
}

/** Empty for a text that no server of ours sends. */
function decoded(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return '';
  }
}

/**
 * The text that a Go client prints for the same failure, `rpc error: code = NotFound desc = …`; the kubelet API repeats
 * it in its bodies. For an error that did not come over gRPC, what it would have been.
 */
export function rpcErrorText(error: unknown): string {
  if (StillframeError.is(error) && typeof error.details['rpc'] === 'string') return error.details['rpc'];
  const { code, details } = statusOf(error);
  return `rpc error: code = ${ROWS.find((row) => row.number === code)?.goName ?? 'Unknown'} desc = ${details}`;
}

function rowOfKind(kind: ErrorKind): StatusRow {
  return ROWS.find((row) => row.kind === kind) ?? UNKNOWN;
}

function bounded(text: string): string {
  return text.length <= DETAILS_LIMIT ? text : `${text.slice(0, DETAILS_LIMIT).toWellFormed()}…`;
}
