/** `stillframe unseal`: the archive out of a sealed one, held against its evidence. */
import { resolve } from 'node:path';
import { demandRecorded } from '@stillframe/checkpoint';
import { bytesText, type Digest } from '@stillframe/core';
import { evidencePath } from '@stillframe/evidence';
import { Option } from 'commander';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { copyEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';
import { type IdentityOptions, withIdentity } from '../key-options.ts';
import { demandFree, openSealed, readSealedEvidence, unsealedName, writeUnsealed } from '../sealed.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';

interface UnsealOptions extends IdentityOptions {
  out?: string;
  verify: boolean;
  output: string;
}

export const unseal: RegisterCommand = (program, io) => {
  const command = program
    .command('unseal')
    .description(
      'The archive out of one that is sealed with age; nothing is written where it is damaged, or not what was recorded',
    )
    .argument('<file>', 'sealed archive, FILE.age');
  withIdentity(command)
    .option('-o, --out <file>', 'file to write; must not exist; without .age by default')
    .option('--no-verify', 'do not hold what comes out against the evidence beside it')
    .addOption(new Option('--output <format>', 'how the result is printed').choices(['table', 'json']).default('table'))
    .action(async (file: string, options: UnsealOptions) => {
      const target = targetOf(file, options.out);
      const { digest, size, evidence } = await write(file, target, options, io);
      const body = {
        archive: target,
        source: resolve(file),
        size,
        digest,
        verified: options.verify && evidence !== undefined,
      };
      if (options.output === 'json') {
        io.out(renderJson('UnsealedArchive', 1, body));
        return;
      }
      const said = body.verified ? `${evidencePath(target)}; it is what was recorded` : 'none that it was held against';
      const rows = [
        ['size', bytesText(size)],
        ['sha256', digest.replace('sha256:', '')],
        ['evidence', said],
      ];
      io.out(`${target}\n${renderFacts(rows)}`);
    });
};

/** Throws ERR_USAGE_ARGUMENT. */
function targetOf(file: string, out: string | undefined): string {
  const name = out ?? unsealedName(file);
  if (name !== undefined) return resolve(name);
  throw cliError('ERR_USAGE_ARGUMENT', `${file} does not end with .age: say with --out what to write`);
}

async function write(file: string, target: string, { identity, verify }: UnsealOptions, io: Io) {
  await using source = await openSealed(file, identity, io);
  if (!source) throw cliError('ERR_USAGE_ARGUMENT', `${file} is not sealed with age`);
  await demandFree(target);
  await noteAccess(file, io);
  const evidence = verify ? await readSealedEvidence(file) : undefined;
  const check = (digest: Digest) => demandRecorded(digest, evidence?.digest, file);
  const digest = await writeUnsealed(source, target, io, check);
  if (evidence) await copyEvidence(evidence, target);
  return { digest, size: source.size, evidence };
}
