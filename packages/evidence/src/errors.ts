import { errorTable } from '@stillframe/core';

/** Codes thrown by @stillframe/evidence. */
export const evidenceError = errorTable({
  ERR_EVIDENCE_INVALID: { kind: 'data-loss', hint: 'the evidence is damaged or was not made by Stillframe' },
  ERR_EVIDENCE_KEY: {
    kind: 'invalid-argument',
    hint: 'keys are ECDSA P-256 or Ed25519 in PEM: PKCS#8 for signing, SubjectPublicKeyInfo for verifying',
  },
});
