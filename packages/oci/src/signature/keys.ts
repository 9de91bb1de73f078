/** Keys that sign images, and those that their signatures are checked with: as cosign has them, in PEM. */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { digestOf, hexOf } from '@stillframe/core';
import { ociError } from '../errors.ts';

/** Checks signatures. */
export interface VerifyingKey {
  /** SHA-256 of the public key (SPKI, DER), hexadecimal: what a key is told by. */
  readonly id: string;
  verifies(payload: Uint8Array, signature: Uint8Array): boolean;
}

/** Makes them. */
export interface SigningKey extends VerifyingKey {
  sign(payload: Uint8Array): Uint8Array;
}

/** What sigstore's tools take: ECDSA on P-256, P-384 and P-521 and RSA, each over SHA-256, and Ed25519. */
const TYPES = ['ec', 'rsa', 'ed25519'];
const MIN_RSA = 2048;

/** The private key in a PEM file (PKCS #8, PKCS #1 or SEC 1). Throws ERR_OCI_KEY_INVALID, without a word of the key. */
export function parseSigningKey(pem: Uint8Array, name: string): SigningKey {
  const text = new TextDecoder().decode(pem);
  if (/-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/.test(text)) {
    throw invalidKey(
      name,
      'is encrypted in cosign’s own way, which is not read',
      'make one with `stillframe key generate`',
    );
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(pem), format: 'pem' });
  } catch {
    throw invalidKey(name, 'is no private key in PEM, or one with a passphrase');
  }
  const checked = verifying(createPublicKey(key), name);
  return { ...checked, sign: (payload) => new Uint8Array(sign(hashOf(key), payload, key)) };
}

/** The public key in a PEM file. Throws ERR_OCI_KEY_INVALID. */
export function parseVerifyingKey(pem: Uint8Array, name: string): VerifyingKey {
  if (/PRIVATE KEY-----/.test(new TextDecoder().decode(pem)))
    throw invalidKey(name, 'is a private key', 'signatures are checked with the public one');
  try {
    return verifying(createPublicKey({ key: Buffer.from(pem), format: 'pem' }), name);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'StillframeError') throw cause;
    throw invalidKey(name, 'is no public key in PEM');
  }
}

function verifying(key: KeyObject, name: string): VerifyingKey {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = key;
  if (!TYPES.includes(type) || (type === 'rsa' && (details?.modulusLength ?? 0) < MIN_RSA))
    throw invalidKey(name, `is of a kind that images are not signed with (${type || 'unknown'})`);
  const id = hexOf(digestOf(key.export({ type: 'spki', format: 'der' })));
  return { id, verifies: (payload, signature) => verify(hashOf(key), payload, key, signature) };
}

const hashOf = (key: KeyObject): 'sha256' | null => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');

const KINDS = 'RSA of 2048 bits or more, EC on P-256, P-384 or P-521, or Ed25519, in PEM and without a passphrase';

function invalidKey(name: string, fault: string, hint = KINDS) {
  return ociError('ERR_OCI_KEY_INVALID', `${name} ${fault}`, { hint });
}
