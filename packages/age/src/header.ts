/**
 * The header of an age file: for whom it is, and the file's key wrapped for each. Bounded before anything of it is worked
 * on.
 */
import { type ByteSource, messageOf, type ReadOptions } from '@stillframe/core';
import { ageError } from './errors.ts';
import type { Identity } from './keys.ts';

const MAGIC = 'age-encryption.org/v1\n';
const ARMOUR = '-----BEGIN AGE ENCRYPTED FILE-----';
/** Bytes. A recipient takes about 100, a post-quantum one 1,600. */
const MAX_HEADER = 256 << 10;
/** Recipients; each is tried with each identity. */
const MAX_STANZAS = 128;
/** Most identities need no more for their headers. */
const FIRST_READ = 4 << 10;

/** Options of reading an age file. */
export interface AgeOptions extends ReadOptions {
  /** What the file is called in messages. */
  readonly label?: string | undefined;
}

/** What stands before the payload. */
export interface AgeHeader {
  /** What the file is called in messages. */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** The kind of each recipient: `X25519`, `scrypt`, `ssh-ed25519`, … Untrusted text. */
  readonly kinds: readonly string[];
}

/** Whether `source` is an age file, by its first bytes; also in armour, which readHeader refuses. */
export async function isAge(source: ByteSource, options: ReadOptions = {}): Promise<boolean> {
  const head = new Uint8Array(ARMOUR.length);
  const length = await source.readInto(0, head, options);
  const text = latin1(head.subarray(0, length));
  return text.startsWith(MAGIC) || text === ARMOUR;
}

/** Throws ERR_AGE_HEADER_INVALID, and ERR_AGE_UNSUPPORTED for armour. */
export async function readHeader(source: ByteSource, options: AgeOptions = {}): Promise<AgeHeader> {
  const { label = 'the file' } = options;
  for (let size = FIRST_READ; ; size *= 8) {
    const bytes = new Uint8Array(Math.min(size, MAX_HEADER, source.size));
    const head = bytes.subarray(0, await source.readInto(0, bytes, options));
    const text = latin1(head);
    if (text.startsWith(ARMOUR)) {
      throw ageError('ERR_AGE_UNSUPPORTED', `${label} is in armour, which cannot be read by ranges`, {
        hint: 'take the armour off: sed "1d;\\$d" FILE | base64 -d',
      });
    }
    if (!text.startsWith(MAGIC)) throw invalid(label, 'has no header of age');
    const end = /\n--- [A-Za-z0-9+/]{43}\n/.exec(text);
    if (end) return parsed(label, head.slice(0, end.index + end[0].length), text.slice(0, end.index));
    if (head.length >= MAX_HEADER) throw invalid(label, `has a header without an end in its first ${MAX_HEADER} bytes`);
    if (head.length >= source.size) throw ageError('ERR_AGE_TRUNCATED', `${label} ends within its header`);
  }
}

/**
 * The key of the file. Throws ERR_AGE_SEALED where there is no identity, ERR_AGE_IDENTITIES_WRONG where none opens it,
 * ERR_AGE_UNSUPPORTED for a file with a passphrase, whose work a stranger has set, and ERR_AGE_HEADER_INVALID.
 */
export async function fileKeyOf(
  { label, bytes, kinds }: AgeHeader,
  identities: readonly Identity[],
): Promise<Uint8Array> {
  if (kinds.includes('scrypt')) {
    throw ageError('ERR_AGE_UNSUPPORTED', `${label} is sealed with a passphrase`, {
      hint: '`age -d` opens it; seal it for a recipient instead',
    });
  }
  if (identities.length === 0) throw ageError('ERR_AGE_SEALED', `${label} is sealed with age ${recipientsText(kinds)}`);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const { secret } of identities) decrypter.addIdentity(secret);
  try {
    return await decrypter.decryptHeader(bytes);
  } catch (error) {
    if (!/no identity matched/.test(messageOf(error))) throw invalid(label, 'has a header that is damaged, or forged');
    const tried =
      identities.length === 1 ? 'the identity does not open it' : `none of ${identities.length} identities opens it`;
    const message = `${label} is sealed with age ${recipientsText(kinds)}, and ${tried}`;
    throw ageError('ERR_AGE_IDENTITIES_WRONG', message);
  }
}

/** `for 2 recipients (X25519, ssh-rsa)`. */
function recipientsText(kinds: readonly string[]): string {
  const told = [...new Set(kinds)].slice(0, 4).map((kind) => kind.slice(0, 40));
  return `for ${kinds.length === 1 ? '1 recipient' : `${kinds.length} recipients`} (${told.join(', ')})`;
}

function parsed(label: string, bytes: Uint8Array, text: string): AgeHeader {
  const kinds = [...text.matchAll(/^-> (\S+)/gm)].map(([, kind = '']) => kind);
  if (kinds.length === 0) throw invalid(label, 'names no recipients');
  if (kinds.length > MAX_STANZAS)
    throw invalid(label, `names ${kinds.length} recipients, at most ${MAX_STANZAS} are looked at`);
  return { label, bytes, kinds };
}

function invalid(label: string, fault: string) {
  return ageError('ERR_AGE_HEADER_INVALID', `${label} ${fault}`);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
