/** What a CRI call can fail with: one code for each gRPC status, as the far side gave it. */
import { errorTable } from '@stillframe/core';

/** Codes of failed CRI calls. `details.rpc` holds the text in the form that Go programs print. */
export const criError = errorTable({
  ERR_CRI_SOCKET_INVALID: {
    kind: 'invalid-argument',
    hint: 'give the absolute path of a socket, such as /run/crio/crio.sock, with or without unix:// before it',
  },
  ERR_CRI_CANCELLED: { kind: 'cancelled' },
  ERR_CRI_UNKNOWN: { kind: 'unknown', hint: 'the log of the container runtime says more' },
  ERR_CRI_INVALID_ARGUMENT: { kind: 'invalid-argument' },
  ERR_CRI_DEADLINE_EXCEEDED: { kind: 'deadline-exceeded', hint: 'give the call more time' },
  ERR_CRI_NOT_FOUND: { kind: 'not-found' },
  ERR_CRI_ALREADY_EXISTS: { kind: 'already-exists' },
  ERR_CRI_PERMISSION_DENIED: { kind: 'permission-denied' },
  ERR_CRI_RESOURCE_EXHAUSTED: { kind: 'resource-exhausted' },
  ERR_CRI_FAILED_PRECONDITION: { kind: 'failed-precondition' },
  ERR_CRI_ABORTED: { kind: 'aborted' },
  ERR_CRI_OUT_OF_RANGE: { kind: 'out-of-range' },
  ERR_CRI_UNIMPLEMENTED: { kind: 'unimplemented', hint: 'this runtime does not offer the call; see its settings' },
  ERR_CRI_INTERNAL: { kind: 'internal', hint: 'the log of the container runtime says more' },
  ERR_CRI_UNAVAILABLE: { kind: 'unavailable', hint: 'is the container runtime running, and is this its socket?' },
  ERR_CRI_DATA_LOSS: { kind: 'data-loss' },
  ERR_CRI_UNAUTHENTICATED: { kind: 'unauthenticated' },
});

/** Every code that `criError` accepts. */
export type CriErrorCode = Parameters<typeof criError>[0];
