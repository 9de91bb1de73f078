import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/evidence. */
export const evidenceError = errorTable({
  ERR_EVIDENCE_INVALID: { kind: 'data-loss', hint: 'the evidence is damaged or was not made by Stillframe' },
});
