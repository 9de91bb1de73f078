/** Keys of recipients, read from PEM. Nothing of a private key or its passphrase ever stands in an error. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ociError } from '../errors.ts';

/** What a layer's key can be wrapped for. */
export interface EncryptionKey {
  readonly kind: 'rsa' | 'ec';
  readonly key: KeyObject;
  /** Thumbprint of the public key (RFC 7638), by which a recipient is told. */
  readonly id: string;
}

/** What opens what was wrapped for its public key. */
export interface DecryptionKey extends EncryptionKey {
  /** Where it came from, for messages. */
  readonly name: string;
}

/** Curves that JWE knows (RFC 7518, 6.2.1.1), by OpenSSL's names. */
const CURVES: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];
/** Bits; jose takes none below. */
const MIN_RSA = 2048;
/** Bytes of a PEM file. */
export const MAX_KEY_FILE = 1 << 20;

/**
 * The public key in a PEM file: SPKI, PKCS #1 or a certificate. `name` is for messages. Throws ERR_OCI_KEY_INVALID, also
 * for a private key, which has no business where images are encrypted.
 */
export async function parsePublicKey(pem: Uint8Array, name: string): Promise<EncryptionKey> {
  if (/PRIVATE KEY-----/.test(new TextDecoder().decode(pem)))
    throw invalidKey(name, 'is a private key', 'encrypt for the public one: `openssl pkey -in KEY -pubout`');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(pem), format: 'pem' });
  } catch {
    throw invalidKey(name, 'is no public key or certificate in PEM');
  }
  return described(key, name);
}

/** The private key in a PEM file: PKCS #8 or #1, or SEC 1. Throws ERR_OCI_KEY_INVALID. */
export async function parsePrivateKey(pem: Uint8Array, name: string, passphrase?: Uint8Array): Promise<DecryptionKey> {
  let key: KeyObject;
  try {
    const secret = passphrase && { passphrase: Buffer.from(passphrase) };
    key = createPrivateKey({ key: Buffer.from(pem), format: 'pem', ...secret });
  } catch {
    throw unreadable(pem, name, passphrase !== undefined);
  }
  return { ...(await described(key, name)), name };
}

async function described(key: KeyObject, name: string): Promise<EncryptionKey> {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const rsa = type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA;
  if (!rsa && !(type === 'ec' && CURVES.includes(details?.namedCurve)))
    throw invalidKey(name, `is of a kind that layers are not encrypted for (${type ?? 'unknown'})`);
  const { calculateJwkThumbprint } = await import('jose');
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return { kind: rsa ? 'rsa' : 'ec', key, id: await calculateJwkThumbprint(open.export({ format: 'jwk' })) };
}

function unreadable(pem: Uint8Array, name: string, tried: boolean) {
  const locked = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(new TextDecoder().decode(pem));
  if (!locked) return invalidKey(name, 'is no private key in PEM');
  if (tried) return invalidKey(name, 'cannot be opened with this passphrase');
  return invalidKey(name, 'wants a passphrase', `give it in a file: ${name}:file=PASSPHRASE_FILE`);
}

function invalidKey(name: string, fault: string, hint?: string) {
  return ociError('ERR_OCI_KEY_INVALID', `${name} ${fault}`, hint === undefined ? {} : { hint });
}
