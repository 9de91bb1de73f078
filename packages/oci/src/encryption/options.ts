/**
 * What stands about one encrypted layer: in the open the cipher and its HMAC, under the recipients' keys the rest
 * (ocicrypt: blockcipher).
 */
import { type Digest, isDigest, isObject, type JsonObject } from '@stillframe/core';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { decodeObject } from '../json.ts';
import type { CtrKey } from './ctr.ts';
import { PUBLIC_OPTIONS } from './media-types.ts';

const CIPHER = 'AES_256_CTR_HMAC_SHA256';
const KEY_SIZE = 32;
const NONCE_SIZE = 16;
const HMAC_SIZE = 32;
/** Characters; real ones have about 150. */
const MAX_OPTIONS = 16 << 10;

/** In the open. */
export interface PublicOptions {
  /** HMAC-SHA256 of the encrypted bytes, under the same key. */
  readonly hmac: Uint8Array;
  /** Where it stands among these; otherwise among the private ones. */
  readonly nonce?: Uint8Array | undefined;
}

/** Under the recipients' keys. */
export interface PrivateOptions extends CtrKey {
  /** Of the layer before; undefined where the maker did not tell it, or in another algorithm. */
  readonly digest?: Digest | undefined;
}

/** As the annotation holds them. */
export function encodePublicOptions({ hmac }: PublicOptions): string {
  return base64(new TextEncoder().encode(JSON.stringify({ cipher: CIPHER, hmac: base64(hmac), cipheroptions: {} })));
}

/** As the JWE holds them. */
export function encodePrivateOptions({ key, nonce, digest }: PrivateOptions): Uint8Array {
  const options = { symkey: base64(key), digest, cipheroptions: { nonce: base64(nonce) } };
  return new TextEncoder().encode(JSON.stringify(options));
}

/** Throws ERR_OCI_ENCRYPTION_INVALID, ERR_OCI_ENCRYPTION_UNSUPPORTED. */
export function decodePublicOptions({ annotations, digest }: Descriptor): PublicOptions {
  const text = annotations?.[PUBLIC_OPTIONS] ?? '';
  if (text.length > MAX_OPTIONS) throw invalidEncryption(digest, 'has public options of no sound size');
  const options = objectOf(decodeBase64(text));
  if (options['cipher'] !== CIPHER) {
    const named = JSON.stringify(String(options['cipher']).slice(0, 100));
    throw ociError('ERR_OCI_ENCRYPTION_UNSUPPORTED', `layer ${digest} is encrypted with ${named}, not ${CIPHER}`);
  }
  const more = objectOf(options['cipheroptions']);
  // Early ocicrypt put it among the options of the cipher.
  const hmac = bytesOf(options['hmac'], HMAC_SIZE) ?? bytesOf(more['hmac'], HMAC_SIZE);
  if (!hmac) throw invalidEncryption(digest, 'has no HMAC');
  return { hmac, nonce: bytesOf(more['nonce'], NONCE_SIZE) };
}

/** `opened`: what the JWE held. Throws ERR_OCI_ENCRYPTION_INVALID, which tells nothing of it. */
export function decodePrivateOptions(
  opened: Uint8Array,
  { nonce: open }: PublicOptions,
  layer: Digest,
): PrivateOptions {
  const options = objectOf(opened);
  const key = bytesOf(options['symkey'], KEY_SIZE);
  const nonce = open ?? bytesOf(objectOf(options['cipheroptions'])['nonce'], NONCE_SIZE);
  if (!key || !nonce) throw invalidEncryption(layer, 'has no key or no nonce under its recipients’ keys');
  const digest = String(options['digest']);
  return { key, nonce, digest: isDigest(digest) ? digest : undefined };
}

export function invalidEncryption(layer: Digest, fault: string) {
  return ociError('ERR_OCI_ENCRYPTION_INVALID', `layer ${layer} ${fault}`);
}

/** The JSON object in bytes, or the one that a value is; an empty one for all else. */
export function objectOf(value: unknown): JsonObject {
  if (!(value instanceof Uint8Array)) return isObject(value) ? value : {};
  try {
    return decodeObject(value, 'encryption');
  } catch {
    return {};
  }
}

function bytesOf(value: unknown, size: number): Uint8Array | undefined {
  const bytes = typeof value === 'string' && value.length < 1024 ? decodeBase64(value) : undefined;
  return bytes?.length === size ? bytes : undefined;
}

/** Standard alphabet, padded, as Go's encoding of bytes has it. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

export function decodeBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
