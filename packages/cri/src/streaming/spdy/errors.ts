import { errorTable } from '@stillframe/core';

/** What a peer can do wrong on a SPDY connection; any of these ends it. */
export const spdyError = errorTable({
  ERR_SPDY_FRAME: { kind: 'invalid-argument' },
  ERR_SPDY_HEADERS: { kind: 'invalid-argument' },
  ERR_SPDY_PROTOCOL: { kind: 'invalid-argument' },
  ERR_SPDY_CLOSED: { kind: 'unavailable' },
  ERR_SPDY_REFUSED: { kind: 'failed-precondition' },
});
