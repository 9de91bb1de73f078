/** `stillframe verify`: whether an archive still is what was captured, and what could not be checked. */
import { harmless, isCode, messageOf } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { readVerifyingKey } from '@stillframe/evidence';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { readKeyText } from '../key-files.ts';
import { cliError } from '../usage.ts';
import type { EntryFault } from '../verify/contents.ts';
import { checksOf, type NamedKey, type Verification, verifyArchiveFile } from '../verify/model.ts';
import { outputOption, type RegisterCommand } from './command.ts';

interface VerifyOptions {
  key?: string[];
  output: string;
}

const HELP = `
What is checked: the signatures of ARCHIVE.evidence.json, the archive's digest, each entry, the Merkle root of the memory, and
ARCHIVE.custody.jsonl. Without --key nobody vouches for any of it: whoever can write the archive can write the evidence anew.
Exit code 1 where anything does not hold; what could not be checked is told, and is no failure. A key that is given must have
signed: evidence that it did not sign fails.

  stillframe verify web.tar --key node.pub             \`stillframe node status\` says where a node's key is`;

/** Faults that are listed for people, and characters of a line. */
const TOLD = 20;
const LINE = 2000;

export const verify: RegisterCommand = (program, io, done) => {
  program
    .command('verify')
    .description('Check an archive against the evidence and the chain of custody beside it')
    .argument('<archive>', 'checkpoint archive')
    .option(
      '-k, --key <file>',
      'public key that must have signed, in PEM; repeat for any of several',
      (path, before: string[] = []) => [...before, path],
    )
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (archive: string, options: VerifyOptions) => {
      // A missing file is told as that, not as one without evidence.
      await (await openFileSource(archive))[Symbol.asyncDispose]();
      const keys: NamedKey[] = [];
      for (const path of options.key ?? []) keys.push(await readKey(path, io));
      const found = await verifyArchiveFile(archive, keys, io);
      const holds = checksOf(found).every(([, { state }]) => state !== 'fails');
      io.out(options.output === 'json' ? renderJson('Verification', 1, jsonOf(found, holds)) : textOf(found, holds));
      await noteAccess(archive, io, holds ? 'holds' : 'does not hold');
      done(holds ? exitCodes.ok : exitCodes.failed);
    });
};

/** Throws ERR_FILE_UNREADABLE, ERR_EVIDENCE_KEY. */
async function readKey(path: string, io: Io): Promise<NamedKey> {
  try {
    return { ...readVerifyingKey(await readKeyText(path, io)), path };
  } catch (error) {
    if (!isCode(error, 'ERR_EVIDENCE_KEY')) throw error;
    throw cliError('ERR_USAGE_ARGUMENT', `--key ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function textOf(found: Verification, holds: boolean): string {
  const words = { holds: 'holds', fails: 'DOES NOT HOLD', unchecked: 'not checked' } as const;
  const rows = checksOf(found).map(([name, { state, text }]) => [name, `${words[state]}: ${short(text)}`]);
  const unchecked = checksOf(found).filter(([, { state }]) => state === 'unchecked');
  const verdict = holds ? 'everything that was checked holds' : 'the archive, or what is said of it, was changed';
  const left = unchecked.length === 0 ? '' : `; not checked: ${unchecked.map(([name]) => name).join(', ')}`;
  const head = found.custodyHead === undefined ? '' : `last line of the chain of custody: ${found.custodyHead}\n`;
  return `${harmless(found.path)}\n${renderFacts(rows, 12)}${faultLines(found)}${head}${verdict}${left}\n`;
}

/** Evidence may name an entry with a million characters. */
function short(text: string): string {
  return harmless(text.length > LINE ? `${text.slice(0, LINE)}…` : text);
}

function faultLines({ faults, custodyFaults }: Verification): string {
  const lines = [
    ...faults.map(({ what, name }) => `  ${what.padEnd(8)} ${short(name)}`),
    ...custodyFaults.map(({ line, message }) => `  custody, line ${line} ${short(message)}`),
  ];
  const more = lines.length > TOLD ? [`  … and ${lines.length - TOLD} more; --output json has them`] : [];
  return [...lines.slice(0, TOLD), ...more].map((line) => `${line}\n`).join('');
}

function jsonOf(found: Verification, holds: boolean) {
  const { path, evidence, recordedName, faults, signatures, custodyFaults, custodyHead } = found;
  return {
    ...{ path, evidence, recordedName, holds },
    checks: Object.fromEntries(checksOf(found)),
    signatures,
    entries: faults.map(({ name, what, recorded, found: here }: EntryFault) => ({ name, what, recorded, found: here })),
    custody: { faults: custodyFaults, head: custodyHead },
  };
}
