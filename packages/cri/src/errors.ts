/** Every failure that the server's side of the CRI can report; `grpc/errors.ts` has what a call came back with. */
import { errorTable } from '@stillframe/core';

/** Builds an error of requests and streams; the caller throws it. Any ERR_SPDY_ one ends the connection. */
export const serverError = errorTable({
  ERR_CRI_REQUEST_INVALID: { kind: 'invalid-argument' },
  ERR_CRI_NOT_RUNNING: { kind: 'failed-precondition' },
  ERR_CRI_STREAMS_WAITING: { kind: 'resource-exhausted', hint: 'try again in a minute' },
  ERR_SPDY_FRAME: { kind: 'invalid-argument' },
  ERR_SPDY_HEADERS: { kind: 'invalid-argument' },
  ERR_SPDY_PROTOCOL: { kind: 'invalid-argument' },
  ERR_SPDY_CLOSED: { kind: 'unavailable' },
  ERR_SPDY_REFUSED: { kind: 'failed-precondition' },
});
