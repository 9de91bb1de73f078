/** Checking an envelope's signatures (DSSE v1) with keys that the asker trusts. */
import { verify } from 'node:crypto';
import type { Envelope } from './envelope.ts';
import type { VerifyingKey } from './key.ts';
import { preAuthEncoding } from './sign.ts';

/** Signatures that are looked at; a forger adds as many as he likes. */
const MOST = 64;

export interface CheckedSignature {
  /** As the envelope names it; untrusted, a hint which key it may be. */
  keyid: string | undefined;
  /** `unknown`: none of the keys made it, and it does not say that one of them did. */
  state: 'valid' | 'invalid' | 'unknown';
  /** The id of the key that made it, of a valid one. */
  by?: string;
}

/** Each signature, in order, tried with the key that it names or with each where it names none. */
export function verifyEnvelope(
  { payloadType, payload, signatures }: Envelope,
  keys: readonly VerifyingKey[],
): CheckedSignature[] {
  return signatures.slice(0, MOST).map(({ keyid, sig }) => {
    const named = keys.filter(({ id }) => id === keyid);
    // The id is a hint alone (DSSE, protocol): other tools give none, or one of their own.
    const by = [...named, ...keys].find((key) => isSignatureOf(payloadType, payload, sig, key))?.id;
    if (by !== undefined) return { keyid, state: 'valid', by };
    return { keyid, state: named.length > 0 ? 'invalid' : 'unknown' };
  });
}

/** Whether `key` made the signature, in base64, over this type and payload. */
function isSignatureOf(payloadType: string, payload: Uint8Array, sig: string, { publicKey }: VerifyingKey): boolean {
  const hash = publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(hash, preAuthEncoding(payloadType, payload), publicKey, Buffer.from(sig, 'base64'));
  } catch {
    // A signature that is none at all: OpenSSL refuses to parse it.
    return false;
  }
}
