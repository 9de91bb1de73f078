/** Each command that opens an archive says so in its chain of custody, where evidence lies beside it or a chain was begun. */
import { lstat } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import type { Archive } from '@stillframe/checkpoint';
import { digestOf, harmless, messageOf, namesSecret, StillframeError } from '@stillframe/core';
import { type CustodyFacts, custodyPath, decodeEnvelope, readSigningKey, type SigningKey } from '@stillframe/evidence';
import { type FoundEvidence, readEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';
import { readKeyText } from '../key-files.ts';
import { productVersion } from '../product.ts';
import { appendCustody } from './append.ts';

/** Words of a command that are kept, and characters of each. */
const WORDS = 64;
const WORD = 512;

/** Commands of which the second word says what they do. */
const GROUPS: ReadonlySet<string> = new Set(['image', 'image-set']);

type Noting = Pick<Io, 'env' | 'err' | 'argv' | 'signal'>;

/**
 * Notes that the command of `io` opened the archive. Fails for the signal alone: an access that cannot be noted, as in a folder that may
 * not be written, is told on stderr. STILLFRAME_CUSTODY=off notes nothing; STILLFRAME_CUSTODY_KEY names a key to sign with.
 */
export async function noteAccess(archive: string, io: Noting, outcome?: string): Promise<void> {
  if (io.env['STILLFRAME_CUSTODY'] === 'off') return;
  try {
    const evidence = await readEvidence(archive).catch((error: unknown) => {
      if (StillframeError.is(error)) return 'unreadable' as const;
      throw error;
    });
    if (evidence === undefined && !(await isThere(custodyPath(archive)))) return;
    const { action, words } = commandOf(io.argv ?? []);
    const facts: CustodyFacts = {
      ...factsNow(userOf(io.env), evidence === 'unreadable' ? undefined : evidence),
      action,
      ...(words.length > 0 ? { arguments: words } : {}),
      ...(outcome === undefined ? {} : { outcome }),
    };
    await appendCustody(archive, facts, { key: await keyOf(io), signal: io.signal });
  } catch (error) {
    io.signal?.throwIfAborted();
    const path = harmless(custodyPath(archive));
    io.err(`warning: this access is not in the chain of custody ${path}: ${harmless(messageOf(error))}\n`);
  }
}

/** As noteAccess, for an open archive; one that is no file of its own, as of an image, has no chain. */
export async function noteOpened(
  { label, bytes }: Pick<Archive, 'label' | 'bytes'>,
  io: Noting,
  outcome?: string,
): Promise<void> {
  if (bytes?.locator?.kind === 'file' && bytes.locator.path === label) await noteAccess(label, io, outcome);
}

/** What every entry says: when, who, by what, and of which archive. */
export function factsNow(
  user: string,
  evidence: Pick<FoundEvidence, 'name' | 'digest' | 'bytes'> | undefined,
): Omit<CustodyFacts, 'action'> {
  return {
    at: new Date().toISOString(),
    who: { user, host: hostname() },
    tool: { name: 'stillframe', version: productVersion },
    ...(evidence && {
      archive: { name: basename(evidence.name).slice(0, WORD), digest: evidence.digest },
      statement: digestOf(decodeEnvelope(new TextDecoder().decode(evidence.bytes)).payload),
    }),
  };
}

/** The user of this process, with whoever became it by sudo. */
export function userOf(env: Io['env']): string {
  const { uid, username } = whoAmI();
  const before = env['SUDO_USER'];
  return `${username} (uid ${uid})${before ? `, by sudo ${before.slice(0, 64)}` : ''}`;
}

function whoAmI(): { uid: number; username: string } {
  try {
    return userInfo();
  } catch {
    // A uid without a line in passwd, as in many containers.
    return { uid: process.getuid?.() ?? -1, username: 'unknown' };
  }
}

/** What the command is called, and its words without what may be secret. */
export function commandOf(argv: readonly string[]): { action: string; words: readonly string[] } {
  const count = GROUPS.has(argv[0] ?? '') ? 2 : 1;
  const words = argv.slice(count, count + WORDS).map((word, at, all) => {
    const [option = '', value] = /^(--?[^=]+)(?:=(.*))?$/s.exec(word)?.slice(1) ?? [];
    if (value !== undefined && isSecret(option)) return `${option}=…`;
    if (at > 0 && isSecret(all[at - 1] ?? '') && option === '') return '…';
    return word.slice(0, WORD);
  });
  return { action: argv.slice(0, count).join(' ').slice(0, WORD) || 'open', words };
}

/** An option whose value is a secret, or may hold one as `FILE:PASSPHRASE` does. */
function isSecret(word: string): boolean {
  return word.startsWith('-') && (namesSecret(word) || /key|creds/i.test(word));
}

async function keyOf(io: Noting): Promise<SigningKey | undefined> {
  const path = io.env['STILLFRAME_CUSTODY_KEY'];
  return path ? readSigningKey(await readKeyText(path, io)) : undefined;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
