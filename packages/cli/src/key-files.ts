/** Keys that the user names: read from files, bounded, and warned about where others can read what is secret. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  type AgeRecipient,
  type Identity,
  MAX_KEYS_FILE,
  parseIdentities,
  parseRecipient,
  parseRecipients,
} from '@stillframe/age';
import { harmless, readAll } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import {
  type ChangedReader,
  type ContentReader,
  type DecryptionKey,
  decryptingReader,
  type EncryptionKey,
  MAX_KEY_FILE,
  parsePrivateKey,
  parsePublicKey,
} from '@stillframe/oci';
import { CARRIED } from './image/evidence.ts';
import type { Io } from './io.ts';
import { cliError } from './usage.ts';

type Teller = Pick<Io, 'err' | 'signal'>;

/** Permission bits of those who are not the owner. */
const OTHERS = 0o077;
/** Bytes of a passphrase in a file. */
const MAX_PASSPHRASE = 4096;

/** `--encryption-key jwe:FILE`, as skopeo has it. Throws ERR_USAGE_ARGUMENT, ERR_FILE_UNREADABLE, ERR_OCI_KEY_INVALID. */
export async function readEncryptionKeys(texts: readonly string[], io: Teller): Promise<EncryptionKey[]> {
  const keys: EncryptionKey[] = [];
  for (const text of texts) {
    const path = /^jwe:(.+)$/s.exec(text)?.[1];
    if (path === undefined) {
      throw cliError('ERR_USAGE_ARGUMENT', `--encryption-key takes jwe:FILE, not ${JSON.stringify(text)}`, {
        hint: 'FILE is a public key or a certificate in PEM; skopeo’s other ways (pgp, pkcs7, pkcs11) are not written',
      });
    }
    const key = await parsePublicKey(await readSmall(path, MAX_KEY_FILE, io), path);
    if (!keys.some(({ id }) => id === key.id)) keys.push(key);
  }
  return keys;
}

/**
 * `--decryption-key FILE[:file=FILE|fd=NUMBER|pass=PASSPHRASE]`, as skopeo has it. Throws ERR_USAGE_ARGUMENT,
 * ERR_FILE_UNREADABLE, ERR_OCI_KEY_INVALID.
 */
export async function readDecryptionKeys(texts: readonly string[], io: Teller): Promise<DecryptionKey[]> {
  const keys: DecryptionKey[] = [];
  for (const text of texts) {
    const [, path = text, way, value = ''] = /^(.+):(file|fd|pass)=(.*)$/s.exec(text) ?? [];
    if (way === 'pass')
      io.err('warning: a passphrase on the command line can be seen by others; `:file=FILE` keeps it from them\n');
    const passphrase = way === undefined ? undefined : await readPassphrase(way, value, io);
    keys.push(await parsePrivateKey(await readSecret(path, MAX_KEY_FILE, io), path, passphrase));
  }
  return keys;
}

/** `--identity FILE`. Throws ERR_FILE_UNREADABLE, ERR_AGE_KEY_INVALID, ERR_AGE_UNSUPPORTED. */
export async function readIdentities(paths: readonly string[], io: Teller): Promise<Identity[]> {
  const identities: Identity[] = [];
  for (const path of paths)
    identities.push(...(await parseIdentities(await textOf(readSecret(path, MAX_KEYS_FILE, io)), path)));
  return identities;
}

/** Options that name whom something is encrypted for. */
export interface RecipientOptions {
  recipient?: string[];
  recipientsFile?: string[];
}

/** All that the options name, each once. Throws ERR_AGE_KEY_INVALID, ERR_FILE_UNREADABLE, ERR_LIMIT_EXCEEDED. */
export async function readRecipients(options: RecipientOptions, io: Teller): Promise<AgeRecipient[]> {
  const found: AgeRecipient[] = [];
  for (const text of options.recipient ?? []) found.push(await parseRecipient(text, '--recipient'));
  for (const path of options.recipientsFile ?? []) {
    const text = await textOf(readSmall(path, MAX_KEYS_FILE, io));
    found.push(...(await parseRecipients(text, path)));
  }
  return [...new Set(found)];
}

/** `store` as if it were not encrypted. Evidence goes with what it is about. */
export function decryptedBy(store: ContentReader, keys: readonly DecryptionKey[]): ChangedReader {
  return decryptingReader(store, async () => keys, { carried: CARRIED });
}

/** `store` as it is where there are no keys, else as if it were not encrypted. Evidence goes with what it is about. */
export function seenThrough(store: ContentReader, keys: readonly DecryptionKey[]): ContentReader {
  return keys.length === 0 ? store : decryptedBy(store, keys);
}

async function readPassphrase(way: string, value: string, io: Teller): Promise<Uint8Array> {
  if (way === 'pass') return new TextEncoder().encode(value);
  if (way === 'fd' && !/^\d{1,6}$/.test(value))
    throw cliError('ERR_USAGE_ARGUMENT', 'fd= of --decryption-key takes the number of an open descriptor');
  const bytes = await readSmall(way === 'fd' ? `/dev/fd/${value}` : value, MAX_PASSPHRASE, io);
  // Editors and echo end a line; no passphrase does.
  return new TextEncoder().encode(new TextDecoder().decode(bytes).replace(/\r?\n$/, ''));
}

/** A file with a secret; says where others can read it, too. Throws ERR_FILE_UNREADABLE, ERR_LIMIT_EXCEEDED. */
export async function readSecret(path: string, limit: number, io: Teller): Promise<Uint8Array> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && (found.mode & OTHERS) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    io.err(`warning: ${harmless(path)} is secret, and others may read or write it (mode ${mode}); chmod 600 it\n`);
  }
  return readSmall(path, limit, io);
}

/** Also what a program writes into a pipe, as `<(…)` of a shell gives. */
async function readSmall(path: string, limit: number, { signal }: Teller): Promise<Uint8Array> {
  if (!(await stat(path).catch(() => undefined))?.isFIFO()) {
    await using file = await openFileSource(path);
    return await readAll(file, { limit, signal });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw cliError('ERR_USAGE_ARGUMENT', `${path} gives more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A key in PEM, of whichever kind. Throws ERR_FILE_UNREADABLE, ERR_LIMIT_EXCEEDED. */
export function readKeyText(path: string, io: Teller): Promise<string> {
  return textOf(readSmall(path, MAX_KEY_FILE, io));
}

async function textOf(bytes: Promise<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await bytes);
}
