/** Keys that sign and verify evidence: ECDSA P-256 and Ed25519, in PEM (PKCS#8, RFC 5958; SubjectPublicKeyInfo, RFC 5280). */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { digestOf, hexOf } from '@stillframe/core';
import { evidenceError } from './errors.ts';

export interface VerifyingKey {
  /** SHA-256 of the SubjectPublicKeyInfo in DER, 64 hexadecimal digits. */
  readonly id: string;
  readonly publicKey: KeyObject;
}

export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject;
}

/** Characters of a key file; the largest sound one has some hundred. */
const LONGEST = 64 << 10;

/** Throws ERR_EVIDENCE_KEY for what is no private key of the two kinds, an encrypted one too. */
export function readSigningKey(pem: string): SigningKey {
  const privateKey = parsed(pem, 'private', createPrivateKey);
  return { ...verifying(createPublicKey(privateKey)), privateKey };
}

/** Takes a private key, too, and keeps its public half alone. Throws ERR_EVIDENCE_KEY. */
export function readVerifyingKey(pem: string): VerifyingKey {
  return verifying(parsed(pem, 'public', createPublicKey));
}

/** A fresh private key as PKCS#8 PEM. */
export function makeSigningKey(kind: 'ed25519' | 'p256' = 'ed25519'): string {
  const { privateKey } =
    kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

/** The public half as SubjectPublicKeyInfo PEM. */
export function publicPemOf({ publicKey }: VerifyingKey): string {
  return String(publicKey.export({ format: 'pem', type: 'spki' }));
}

function parsed(pem: string, half: string, parse: (pem: string) => KeyObject): KeyObject {
  if (pem.length > LONGEST) throw evidenceError('ERR_EVIDENCE_KEY', `the ${half} key is larger than any sound one`);
  try {
    return parse(pem);
  } catch (cause) {
    throw evidenceError('ERR_EVIDENCE_KEY', `this is no ${half} key in PEM, or it is encrypted`, { cause });
  }
}

function verifying(publicKey: KeyObject): VerifyingKey {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type !== 'ed25519' && !(type === 'ec' && details?.namedCurve === 'prime256v1')) {
    const found = [type, details?.namedCurve].filter((word) => word !== undefined).join(' ');
    throw evidenceError('ERR_EVIDENCE_KEY', `a key of kind ${found} does not sign evidence`);
  }
  return { id: hexOf(digestOf(publicKey.export({ format: 'der', type: 'spki' }))), publicKey };
}
