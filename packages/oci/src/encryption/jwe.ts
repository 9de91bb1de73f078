/** The key of a layer under the keys of its recipients: a JWE in JSON (RFC 7516, 7.2), as ocicrypt writes and reads it. */
import { type Digest, isObject, type JsonObject, type ReadOptions } from '@stillframe/core';
import type { GeneralEncrypt } from 'jose';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import type { DecryptionKey, EncryptionKey } from './keys.ts';
import { isEncryptedType, JWE, wrappings } from './media-types.ts';
import { base64, decodeBase64, invalidEncryption, objectOf } from './options.ts';

/** Wraps with which a private key of ours may be used; what asks for passwords is never worked on. */
const ALGORITHMS: Readonly<Record<EncryptionKey['kind'], readonly string[]>> = {
  rsa: ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
  ec: ['ECDH-ES+A256KW', 'ECDH-ES+A192KW', 'ECDH-ES+A128KW'],
};
const CONTENT = 'A256GCM';
/** Characters of the annotation. A recipient takes about 1,000. */
const MAX_JWE = 512 << 10;
/** Recipients of one layer. */
const MAX_RECIPIENTS = 256;
/** Private keys times recipients: each try is an operation with a private key, of a millisecond or several. */
const MAX_TRIES = 2048;

/** One for whom a layer is encrypted, as the layer tells. Untrusted text. */
export interface Recipient {
  readonly algorithm: string | undefined;
  readonly keyId: string | undefined;
}

/** A recipient with what is to be decrypted for it. */
interface Wrapped extends Recipient {
  readonly jwe: JsonObject;
}

/** `opened` wrapped for every one of `keys`, as the annotation holds it. */
export async function wrapForRecipients(opened: Uint8Array, keys: readonly EncryptionKey[]): Promise<string> {
  const jose = await import('jose');
  const encrypt = new jose.GeneralEncrypt(opened).setProtectedHeader({ enc: CONTENT });
  for (const each of keys) addRecipient(encrypt, each);
  return base64(new TextEncoder().encode(JSON.stringify(await encrypt.encrypt())));
}

function addRecipient(encrypt: GeneralEncrypt, { kind, key, id }: EncryptionKey): void {
  const alg = kind === 'rsa' ? 'RSA-OAEP' : 'ECDH-ES+A256KW';
  encrypt.addRecipient(key).setUnprotectedHeader({ alg, kid: id });
}

/**
 * For whom a layer is encrypted. Throws ERR_OCI_ENCRYPTION_INVALID, and ERR_OCI_ENCRYPTION_UNSUPPORTED where no JWE says
 * so.
 */
export function recipientsOf(layer: Descriptor): Recipient[] {
  return wrappedOf(layer).map(({ algorithm, keyId }) => ({ algorithm, keyId }));
}

/** Throws ERR_OCI_LAYER_ENCRYPTED for a layer that is encrypted, and what recipientsOf throws. */
export function demandDecrypted(layer: Descriptor, what: string): void {
  if (isEncryptedType(layer.mediaType)) throw locked(what, recipientsOf(layer));
}

function locked(what: string, recipients: readonly Recipient[]) {
  return ociError('ERR_OCI_LAYER_ENCRYPTED', `${what} is encrypted ${recipientsText(recipients)}`);
}

/**
 * What was wrapped, with the first of `keys` that opens it. Throws ERR_OCI_LAYER_ENCRYPTED where there is no key at all,
 * ERR_OCI_LAYER_KEYS_WRONG where none of them opens it, and what recipientsOf throws. `what` names the layer.
 */
export async function unwrap(
  layer: Descriptor,
  keys: readonly DecryptionKey[],
  what: string,
  { signal }: ReadOptions = {},
): Promise<Uint8Array> {
  const recipients = wrappedOf(layer);
  if (keys.length === 0) throw locked(what, recipients);
  for (const { key, recipient } of tries(keys, recipients).slice(0, MAX_TRIES)) {
    signal?.throwIfAborted();
    const opened = await open(recipient.jwe, key);
    if (opened) return opened;
  }
  const names = keys.map(({ name, id }) => `${name} (${id})`).slice(0, 8);
  const message = `${what} is encrypted, and ${keys.length === 1 ? 'the key does not open it' : `none of ${keys.length} keys opens it`}`;
  throw ociError('ERR_OCI_LAYER_KEYS_WRONG', `${message}: ${recipientsText(recipients)}; tried ${names.join(', ')}`);
}

/** `for 2 recipients (key ids A, B)`. */
export function recipientsText(recipients: readonly Recipient[]): string {
  const ids = recipients.flatMap(({ keyId }) => (keyId === undefined ? [] : [keyId]));
  const told = ids.slice(0, 8).join(', ') + (ids.length > 8 ? ', …' : '');
  const count = recipients.length === 1 ? '1 recipient' : `${recipients.length} recipients`;
  return `for ${count}${ids.length > 0 ? ` (key ids ${told})` : ', which name no key ids'}`;
}

/** Those that name the key first. A recipient whose wrap the key cannot open is left out. */
function tries(keys: readonly DecryptionKey[], recipients: readonly Wrapped[]) {
  const pairs = keys.flatMap((key) =>
    recipients.flatMap((recipient) =>
      ALGORITHMS[key.kind].includes(recipient.algorithm ?? '') ? [{ key, recipient }] : [],
    ),
  );
  const named = pairs.filter(({ key, recipient }) => key.id === recipient.keyId);
  return [...named, ...pairs.filter((pair) => !named.includes(pair))];
}

async function open(jwe: JsonObject, { kind, key }: DecryptionKey): Promise<Uint8Array | undefined> {
  const jose = await import('jose');
  try {
    const options = { keyManagementAlgorithms: [...ALGORITHMS[kind]], contentEncryptionAlgorithms: [CONTENT] };
    return (await jose.flattenedDecrypt(jwe as unknown as FlattenedJwe, key, options)).plaintext;
  } catch {
    // Another's, damaged or forged: which of them no recipient can tell.
    return undefined;
  }
}

type FlattenedJwe = Parameters<typeof import('jose').flattenedDecrypt>[0];

function wrappedOf({ annotations, digest, ...layer }: Descriptor): Wrapped[] {
  const annotation = annotations?.[JWE];
  if (annotation === undefined) {
    const ways = wrappings({ annotations });
    if (ways.length === 0) throw invalidEncryption(digest, 'is marked as encrypted and names no recipients');
    const told = JSON.stringify(ways.join(', ').slice(0, 100));
    throw ociError('ERR_OCI_ENCRYPTION_UNSUPPORTED', `the key of layer ${digest} is wrapped by ${told}, not jwe`);
  }
  if (annotation.length > MAX_JWE) {
    throw invalidEncryption(digest, `has ${annotation.length} characters of wrapped keys, at most ${MAX_JWE} are read`);
  }
  const found = annotation.split(',').flatMap((each) => recipientsIn(objectOf(decodeBase64(each)), digest));
  if (found.length === 0)
    throw invalidEncryption(digest, `of type ${layer.mediaType} has no wrapped key that can be read`);
  if (found.length > MAX_RECIPIENTS) throw tooMany(found.length, digest);
  return found;
}

/** One JWE a recipient, flattened. Of what is no JWE, none. */
function recipientsIn(jwe: JsonObject, digest: Digest): Wrapped[] {
  // Where there are several, ocicrypt repeats the first beside them.
  const { recipients, encrypted_key: single, header, ...shared } = jwe;
  const list = Array.isArray(recipients) ? recipients : [{ encrypted_key: single, header }];
  if (list.length > MAX_RECIPIENTS) throw tooMany(list.length, digest);
  const open = typeof jwe['protected'] === 'string' ? objectOf(fromBase64Url(jwe['protected'])) : {};
  return list.flatMap((each): Wrapped[] => {
    if (!isObject(each) || typeof each['encrypted_key'] !== 'string') return [];
    const own = isObject(each['header']) ? each['header'] : {};
    const text = (name: string) => [own[name], open[name]].find((value) => typeof value === 'string');
    const flat = {
      ...shared,
      encrypted_key: each['encrypted_key'],
      ...(isObject(each['header']) ? { header: own } : {}),
    };
    return [{ jwe: flat, algorithm: text('alg') as string | undefined, keyId: text('kid') as string | undefined }];
  });
}

function tooMany(count: number, digest: Digest) {
  return invalidEncryption(digest, `names ${count} recipients, at most ${MAX_RECIPIENTS} are looked at`);
}

function fromBase64Url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}
