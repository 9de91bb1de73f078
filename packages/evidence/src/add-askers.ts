/** Adding to a statement who asked: who joins a capture that is under way is known at its end alone. */
import { askersOf, type CaptureAsker } from './askers.ts';
import { decodeEnvelope, encodeEnvelope } from './envelope.ts';
import { evidenceError } from './errors.ts';
import type { SigningKey } from './key.ts';
import { signEnvelope } from './sign.ts';
import { addToStatement } from './statement.ts';
import { verifyEnvelope } from './verify.ts';

/**
 * The evidence's text with its askers, signed anew. Only what `key` had signed already is signed with it; what nobody signed stays
 * so. Throws ERR_EVIDENCE_INVALID for a signature that `key` did not make.
 */
export function addAskers(text: string, askedBy: readonly CaptureAsker[], key: SigningKey | undefined): string {
  const envelope = decodeEnvelope(text);
  const added = addToStatement(envelope, { ...askersOf(askedBy) });
  if (envelope.signatures.length === 0) return encodeEnvelope(added);
  const known = key ? verifyEnvelope(envelope, [key]) : [];
  if (!key || known.length === 0 || known.some(({ state }) => state !== 'valid'))
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the statement was not signed with this key alone');
  return encodeEnvelope(signEnvelope(added, key));
}
