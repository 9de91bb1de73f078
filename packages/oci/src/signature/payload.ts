/** What is signed of an image: a "simple signing" payload of the type that cosign writes (sigstore's SIGNATURE_SPEC). */
import { type Digest, isDigest, isObject } from '@stillframe/core';
import { decodeObject } from '../json.ts';

export interface SignedClaim {
  /** Of the manifest or index. */
  readonly digest: Digest;
  /** What the signer calls the image: a reference, with a tag or without. */
  readonly reference: string;
}

const TYPE = 'cosign container image signature';
/** Bytes; one of cosign's has some 250. */
export const MAX_PAYLOAD = 64 << 10;

export function encodePayload({ digest, reference }: SignedClaim, creator: string, timestamp: number): Uint8Array {
  const critical = {
    identity: { 'docker-reference': reference },
    image: { 'docker-manifest-digest': digest },
    type: TYPE,
  };
  return new TextEncoder().encode(JSON.stringify({ critical, optional: { creator, timestamp } }));
}

/** What a payload claims, or in words why it claims nothing. As strict as peers: an unknown critical field may mean anything. */
export function decodePayload(bytes: Uint8Array): SignedClaim | string {
  let document: Readonly<Record<string, unknown>>;
  try {
    document = decodeObject(bytes, 'the signed payload', MAX_PAYLOAD);
  } catch {
    return 'its payload is no JSON object';
  }
  const critical = exactly(document, ['critical', 'optional'])?.['critical'];
  const parts = exactly(critical, ['identity', 'image', 'type']);
  if (parts?.['type'] !== TYPE) return 'its payload is of another type';
  const reference = exactly(parts['identity'], ['docker-reference'])?.['docker-reference'];
  const digest = exactly(parts['image'], ['docker-manifest-digest'])?.['docker-manifest-digest'];
  if (typeof reference !== 'string' || typeof digest !== 'string' || !isDigest(digest))
    return 'its payload names no image';
  return { digest, reference };
}

function exactly(value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(value)) return undefined;
  const own = Object.keys(value);
  return own.length === names.length && names.every((name) => own.includes(name)) ? value : undefined;
}
