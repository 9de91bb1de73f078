/** The envelope around a statement: DSSE v1, JSON form. */
import { isObject, type JsonObject, limits } from '@stillframe/core';
import { evidenceError } from './errors.ts';

export interface Envelope {
  payloadType: string;
  payload: Uint8Array;
  /** Empty for a capture by a node without a signing key. */
  signatures: readonly { keyid?: string; sig: string }[];
}

/** The envelope as JSON text, ending in a newline. */
export function encodeEnvelope({ payloadType, payload, signatures }: Envelope): string {
  const body = { payloadType, payload: Buffer.from(payload).toString('base64'), signatures };
  return `${JSON.stringify(body, null, 2)}\n`;
}

/** Reads an envelope. The signatures are not checked. Throws ERR_EVIDENCE_INVALID. */
export function decodeEnvelope(text: string): Envelope {
  if (text.length > limits.json)
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the evidence is larger than any sound one');
  const body = parseObject(text, 'the envelope');
  const { payloadType, payload, signatures } = body;
  if (typeof payloadType !== 'string' || typeof payload !== 'string' || !Array.isArray(signatures)) {
    throw evidenceError('ERR_EVIDENCE_INVALID', 'the envelope lacks payloadType, payload or signatures');
  }
  return { payloadType, payload: Buffer.from(payload, 'base64'), signatures: signatures.flatMap(signatureOf) };
}

function signatureOf(value: unknown): Envelope['signatures'] {
  if (typeof value !== 'object' || value === null || !('sig' in value) || typeof value.sig !== 'string') return [];
  const keyid = 'keyid' in value && typeof value.keyid === 'string' ? { keyid: value.keyid } : {};
  return [{ ...keyid, sig: value.sig }];
}

/** A JSON object. Throws ERR_EVIDENCE_INVALID. */
export function parseObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw evidenceError('ERR_EVIDENCE_INVALID', `${what} is no JSON`, { cause });
  }
  if (!isObject(value)) throw evidenceError('ERR_EVIDENCE_INVALID', `${what} is no JSON object`);
  return value;
}
