/** `--key`: the public keys of which one must have signed what is verified. */
import { isCode, messageOf } from '@stillframe/core';
import { readVerifyingKey } from '@stillframe/evidence';
import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { readKeyText } from '../key-files.ts';
import { repeated } from '../repeated.ts';
import { cliError } from '../usage.ts';
import type { NamedKey } from './model.ts';

/** `--key`, repeatable. */
export function withVerifyingKeys(command: Command): Command {
  return command.option(
    '-k, --key <file>',
    'public key that must have signed, in PEM; repeat for any of several',
    repeated,
  );
}

/** Throws ERR_FILE_UNREADABLE, ERR_USAGE_ARGUMENT for what is no key. */
export async function readVerifyingKeys(paths: readonly string[], io: Io): Promise<NamedKey[]> {
  const keys: NamedKey[] = [];
  for (const path of paths) keys.push(await readKey(path, io));
  return keys;
}

async function readKey(path: string, io: Io): Promise<NamedKey> {
  try {
    return { ...readVerifyingKey(await readKeyText(path, io)), path };
  } catch (error) {
    if (!isCode(error, 'ERR_EVIDENCE_KEY')) throw error;
    throw cliError('ERR_USAGE_ARGUMENT', `--key ${path}: ${messageOf(error)}`, { cause: error });
  }
}
