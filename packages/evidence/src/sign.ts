/** Signing an envelope (DSSE v1). A signature is over the type and the payload, so it holds wherever the envelope lies. */
import { sign } from 'node:crypto';
import { decodeEnvelope, type Envelope, encodeEnvelope } from './envelope.ts';
import type { SigningKey } from './key.ts';

/** What is signed: DSSE's pre-authentication encoding. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}

/** One signature over `payload`, in base64: of ECDSA in DER over SHA-256, of Ed25519 as RFC 8032 has it. */
export function signatureOf(payloadType: string, payload: Uint8Array, key: SigningKey): { keyid: string; sig: string } {
  const hash = key.privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return { keyid: key.id, sig: sign(hash, preAuthEncoding(payloadType, payload), key.privateKey).toString('base64') };
}

/** The envelope with this key's signature; those of other keys stay. */
export function signEnvelope(envelope: Envelope, key: SigningKey): Envelope {
  const others = envelope.signatures.filter(({ keyid }) => keyid !== key.id);
  return { ...envelope, signatures: [...others, signatureOf(envelope.payloadType, envelope.payload, key)] };
}

/** As signEnvelope, from text to text. Throws ERR_EVIDENCE_INVALID. */
export function signEnvelopeText(text: string, key: SigningKey): string {
  return encodeEnvelope(signEnvelope(decodeEnvelope(text), key));
}
