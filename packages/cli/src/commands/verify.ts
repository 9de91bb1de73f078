/** `stillframe verify`: whether an archive still is what was captured, and what could not be checked. */
import { stat } from 'node:fs/promises';
import { harmless } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import type { EntryFault } from '../verify/contents.ts';
import { readVerifyingKeys, withVerifyingKeys } from '../verify/keys.ts';
import { checksOf, type NamedKey, type Verification, verifyArchiveFile } from '../verify/model.ts';
import { type PodVerification, podFolderOf, verifyPodFolder } from '../verify/pod.ts';
import { outputOption, type RegisterCommand } from './command.ts';

interface VerifyOptions {
  key?: string[];
  output: string;
}

const HELP = `
What is checked: the signatures of ARCHIVE.evidence.json, the archive's digest, each entry, the Merkle root of the memory, and
ARCHIVE.custody.jsonl. Of a pod’s folder: the statement about the pod in it, and all of that for each archive that it names; the first
that does not hold is told. Without --key nobody vouches for any of it: whoever can write the archive can write the evidence anew.
Exit code 1 where anything does not hold; what could not be checked is told, and is no failure. A key that is given must have
signed: evidence that it did not sign fails.

  stillframe verify web.tar --key node.pub             \`stillframe node status\` says where a node's key is`;

const WORDS = { holds: 'holds', fails: 'DOES NOT HOLD', unchecked: 'not checked' } as const;
/** Faults that are listed for people, and characters of a line. */
const TOLD = 20;
const LINE = 2000;

export const verify: RegisterCommand = (program, io, done) => {
  const command = program
    .command('verify')
    .description('Check an archive, or the folder of a pod, against the evidence and the chain of custody beside it')
    .argument('<archive>', 'checkpoint archive, or the folder of a pod’s checkpoint');
  withVerifyingKeys(command)
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (archive: string, options: VerifyOptions) => {
      const keys = await readVerifyingKeys(options.key ?? [], io);
      const isFolder = (await stat(archive).catch(() => undefined))?.isDirectory() ?? false;
      const folder = podFolderOf(archive, isFolder);
      if (folder !== undefined) return done(await wholePod(folder, keys, options.output, io));
      // A missing file is told as that, not as one without evidence.
      await (await openFileSource(archive))[Symbol.asyncDispose]();
      const found = await verifyArchiveFile(archive, keys, io);
      const holds = holdsAll(found);
      io.out(options.output === 'json' ? renderJson('Verification', 1, jsonOf(found, holds)) : textOf(found, holds));
      await noteAccess(archive, io, holds ? 'holds' : 'does not hold');
      done(holds ? exitCodes.ok : exitCodes.failed);
    });
};

/** The folder of a pod's checkpoint. Answers the exit code. */
async function wholePod(folder: string, keys: readonly NamedKey[], output: string, io: Io): Promise<number> {
  const found = await verifyPodFolder(folder, keys, io);
  const holds = found.first === undefined;
  const containers = found.containers.map(({ name, archive, check, verification }) => {
    return { name, archive, ...check, verification: verification && jsonOf(verification, holdsAll(verification)) };
  });
  io.out(output === 'json' ? renderJson('PodVerification', 1, { ...found, holds, containers }) : podText(found));
  for (const { verification, check } of found.containers)
    if (verification) await noteAccess(verification.path, io, check.state === 'fails' ? 'does not hold' : 'holds');
  return holds ? exitCodes.ok : exitCodes.failed;
}

function podText({ path, pod, atomic, signature, folder, containers, first }: PodVerification): string {
  const rows = [
    ['pod', harmless(`${pod.kubeNamespace}/${pod.name}, ${atomic ? 'at one instant' : 'one after another'}`)],
    ...[{ name: 'signature', check: signature }, { name: 'folder', check: folder }, ...containers].map(
      ({ name, check }) => [harmless(name), `${WORDS[check.state]}: ${harmless(check.text)}`],
    ),
  ];
  const notes = containers.flatMap(({ name, verification }) => {
    return verification?.note === undefined ? [] : [`${harmless(name)}: ${harmless(verification.note)}\n`];
  });
  const unchecked = signature.state === 'unchecked' ? '; not checked: signature' : '';
  const verdict = first
    ? `the pod, or what is said of it, was changed; first: ${harmless(`${first.name}, ${first.text}`)}`
    : `everything that was checked holds${unchecked}`;
  return `${harmless(path)}\n${renderFacts(rows, 12)}${notes.join('')}${verdict}\n`;
}

const holdsAll = (found: Verification): boolean => checksOf(found).every(([, { state }]) => state !== 'fails');

function textOf(found: Verification, holds: boolean): string {
  const rows = checksOf(found).map(([name, { state, text }]) => [name, `${WORDS[state]}: ${short(text)}`]);
  const unchecked = checksOf(found).filter(([, { state }]) => state === 'unchecked');
  const verdict = holds ? 'everything that was checked holds' : faultText(found);
  const left = unchecked.length === 0 ? '' : `; not checked: ${unchecked.map(([name]) => name).join(', ')}`;
  const head = found.custodyHead === undefined ? '' : `last line of the chain of custody: ${found.custodyHead}\n`;
  const note = found.note === undefined ? '' : `${harmless(found.note)}\n`;
  return `${harmless(found.path)}\n${renderFacts(rows, 12)}${note}${faultLines(found)}${head}${verdict}${left}\n`;
}

/** A statement that holds, but that none of the keys has signed, is no sign of a change. */
function faultText(found: Verification): string {
  const failing = checksOf(found).filter(([, { state }]) => state === 'fails');
  const forged = found.signatures.some(({ state }) => state === 'invalid');
  const unsigned = failing.every(([name]) => name === 'signature') && !forged;
  if (unsigned) return 'the archive is what the statement says, but no key that was given has signed that';
  return 'the archive, or what is said of it, was changed';
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
  const { path, evidence, recordedName, note, faults, signatures, custodyFaults, custodyHead } = found;
  return {
    ...{ path, evidence, recordedName, note, holds },
    checks: Object.fromEntries(checksOf(found)),
    signatures,
    entries: faults.map(({ name, what, recorded, found: here }: EntryFault) => ({ name, what, recorded, found: here })),
    custody: { faults: custodyFaults, head: custodyHead },
  };
}
