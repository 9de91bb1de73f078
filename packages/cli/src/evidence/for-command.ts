/** Evidence that a command makes of an archive that another runtime wrote for it. */
import { hostname } from 'node:os';
import { harmless, isCode } from '@stillframe/core';
import { type CaptureAsker, readSigningKey, type SigningKey } from '@stillframe/evidence';
import { userOf } from '../custody/note.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { readKeyText } from '../key-files.ts';
import { cliError } from '../usage.ts';
import { attestAfterWriting, type ForeignCapture } from './after-writing.ts';

/** The user of this command, by their own account. */
export function askerNow(io: Pick<Io, 'env'>): CaptureAsker {
  return { user: userOf(io.env), authenticated: false, time: new Date().toISOString(), host: hostname() };
}

/**
 * The key that `--sign-key` names, else STILLFRAME_CUSTODY_KEY; undefined without either. Throws ERR_USAGE_ARGUMENT for what is no
 * key, ERR_FILE_UNREADABLE.
 */
export async function commandKey(path: string | undefined, io: Io): Promise<SigningKey | undefined> {
  const file = path ?? io.env['STILLFRAME_CUSTODY_KEY'];
  if (!file) return undefined;
  try {
    return readSigningKey(await readKeyText(file, io));
  } catch (cause) {
    if (!isCode(cause, 'ERR_EVIDENCE_KEY')) throw cause;
    throw cliError('ERR_USAGE_ARGUMENT', `${harmless(file)} is no private key in PEM`, { cause });
  }
}

/**
 * Makes the evidence, with progress. Throws what attestAfterWriting throws; before that it says that the archive is whole, since a
 * capture cannot be had again.
 */
export async function attestForCommand(
  path: string,
  capture: ForeignCapture,
  key: SigningKey | undefined,
  io: Io,
): Promise<void> {
  try {
    using progress = showProgress(io, 'evidence');
    await attestAfterWriting(path, capture, {
      user: userOf(io.env),
      key,
      signal: io.signal,
      onProgress: progress.update,
    });
  } catch (error) {
    io.err(`the archive ${harmless(path)} is whole and stays; it has no evidence\n`);
    throw error;
  }
}
