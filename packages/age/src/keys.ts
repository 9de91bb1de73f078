/**
 * Recipients and identities, in text and in files of lines (age: recipients file, identity file). No error quotes an
 * identity.
 */
import { ageError } from './errors.ts';

/** A public key, `age1…`. */
export type AgeRecipient = string;

/** A private key. */
export interface Identity {
  readonly secret: string;
}

/** Characters of a file of keys. */
export const MAX_KEYS_FILE = 1 << 20;
/** Of either: each costs work with each other. */
const MAX_KEYS = 64;

/** Throws ERR_AGE_KEY_INVALID for what is no recipient; `where` is for messages. */
export async function parseRecipient(text: string, where: string): Promise<AgeRecipient> {
  const { Encrypter } = await import('age-encryption');
  try {
    new Encrypter().addRecipient(text);
    return text;
  } catch {
    const secret = /^age-secret-key/i.test(text);
    const told = secret ? 'is an identity, which is secret' : 'is no recipient of age (age1…)';
    throw ageError('ERR_AGE_KEY_INVALID', `${where} ${told}`);
  }
}

/** One a line. Throws ERR_AGE_KEY_INVALID. */
export async function parseRecipients(text: string, name: string): Promise<AgeRecipient[]> {
  const lines = linesOf(text, name);
  return Promise.all(lines.map(({ line, where }) => parseRecipient(line, where)));
}

/** One a line. Throws ERR_AGE_KEY_INVALID, and ERR_AGE_UNSUPPORTED for a file that is itself encrypted. */
export async function parseIdentities(text: string, name: string): Promise<Identity[]> {
  if (/^(age-encryption\.org|-----BEGIN AGE)/.test(text)) {
    throw ageError('ERR_AGE_UNSUPPORTED', `${name} is itself encrypted`, {
      hint: 'open it first: `age -d`, into a place that is not kept',
    });
  }
  const { Decrypter } = await import('age-encryption');
  return linesOf(text, name).map(({ line, where }) => {
    try {
      new Decrypter().addIdentity(line);
      return { secret: line };
    } catch {
      throw ageError('ERR_AGE_KEY_INVALID', `${where} is no identity of age (AGE-SECRET-KEY-1…)`);
    }
  });
}

/** Without comments and empty lines; throws where none is left, or too many. */
function linesOf(text: string, name: string): { line: string; where: string }[] {
  const lines = text.split('\n').flatMap((each, at) => {
    const line = each.trim();
    return line === '' || line.startsWith('#') ? [] : [{ line, where: `line ${at + 1} of ${name}` }];
  });
  if (lines.length > 0 && lines.length <= MAX_KEYS) return lines;
  const told = lines.length === 0 ? 'no key' : `${lines.length} keys, at most ${MAX_KEYS} are taken`;
  throw ageError('ERR_AGE_KEY_INVALID', `${name} holds ${told}`);
}
