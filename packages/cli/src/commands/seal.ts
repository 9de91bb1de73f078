/** `stillframe seal`: an archive that only those can read who are named. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type AgeRecipient, isAge, sealAge } from '@stillframe/age';
import { demandRecorded } from '@stillframe/checkpoint';
import { type ByteSource, bytesText, type Digest, Sha256, streamOf } from '@stillframe/core';
import { openFileSource, writeAtomically } from '@stillframe/core/file';
import { evidencePath } from '@stillframe/evidence';
import { Option } from 'commander';
import { noteAccess } from '../custody/note.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { copyEvidence, readEvidence } from '../image/evidence.ts';
import type { Io } from '../io.ts';
import { readRecipients } from '../key-files.ts';
import { repeated } from '../repeated.ts';
import { demandFree, SEALED } from '../sealed.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';

interface SealOptions {
  recipient?: string[];
  recipientsFile?: string[];
  out?: string;
  output: string;
}

const HELP = `
The archive itself stays where it is, in the open, until you remove it. The evidence beside it is not secret (names, times,
digests) and is put beside the sealed one, too. What is sealed is read where it lies: \`stillframe inspect FILE.age --identity
FILE\`; so are search, extract, restore and the others. \`age -d -i FILE ARCHIVE.age\` opens it as well.

  age-keygen -o key.txt                                    once, by whoever is to read
  stillframe seal web.tar --recipient age1…                on the machine of the capture
  stillframe unseal web.tar.age --identity key.txt`;

export const seal: RegisterCommand = (program, io) => {
  program
    .command('seal')
    .description('Encrypt an archive with age for the recipients that are named; it is held against its evidence first')
    .argument('<archive>', 'checkpoint archive, or any other file')
    .option('-r, --recipient <age1…>', 'public key of one who can open it; repeat', repeated)
    .option('-R, --recipients-file <file>', 'public keys, one a line; repeat', repeated)
    .option('-o, --out <file>', 'file to write; must not exist; ARCHIVE.age by default')
    .addOption(new Option('--output <format>', 'how the result is printed').choices(['table', 'json']).default('table'))
    .addHelpText('after', HELP)
    .action(async (archive: string, options: SealOptions) => {
      const target = resolve(options.out ?? `${archive}${SEALED}`);
      const recipients = await recipientsOf(options, io);
      const { digest, size, evidence } = await write(archive, target, recipients, io);
      const body = {
        sealed: target,
        source: resolve(archive),
        recipients: recipients.length,
        size: (await stat(target)).size,
        archive: { digest, size },
        evidence: evidence ? evidencePath(target) : null,
      };
      if (options.output === 'json') {
        io.out(renderJson('SealedArchive', 1, body));
        return;
      }
      const rows = [
        ['size', bytesText(body.size)],
        ['recipients', String(recipients.length)],
        ['archive', `${digest}  ${bytesText(size)}`],
        [
          'evidence',
          evidence ? `${evidencePath(target)}; the archive is what was recorded` : 'none beside the archive',
        ],
      ];
      io.out(`${target}\n${renderFacts(rows, 12)}`);
    });
};

/** Throws ERR_USAGE_ARGUMENT where there is none, and ERR_AGE_KEY_INVALID. */
async function recipientsOf(options: SealOptions, io: Io): Promise<AgeRecipient[]> {
  const found = await readRecipients(options, io);
  if (found.length > 0) return found;
  throw cliError('ERR_USAGE_ARGUMENT', 'nobody is named who could open it', {
    hint: 'name a public key with --recipient age1…; `age-keygen` makes one',
  });
}

/** The file appears whole, or not at all; nor does it where the archive is not what was recorded. */
async function write(archive: string, target: string, recipients: readonly AgeRecipient[], io: Io) {
  const { signal } = io;
  await using source = await openFileSource(archive);
  await demandFree(target);
  if (await isAge(source, { signal })) throw cliError('ERR_USAGE_ARGUMENT', `${archive} is sealed already`);
  const evidence = await readEvidence(archive);
  await noteAccess(archive, io);
  const hash = new Sha256();
  let digest: Digest | undefined;
  {
    using progress = showProgress(io, 'sealing');
    const content = hashed(source, hash, { signal, onBytes: (bytes) => progress.update(bytes, source.size) });
    await writeAtomically(
      target,
      async (file) => {
        for await (const chunk of sealAge(content, recipients)) await file.writeFile(chunk);
        signal.throwIfAborted();
        digest = hash.digest();
        demandRecorded(digest, evidence?.digest, archive);
      },
      { replace: false },
    );
  }
  if (evidence) await copyEvidence(evidence, target);
  return { digest: digest as Digest, size: source.size, evidence };
}

async function* hashed(
  source: ByteSource,
  hash: Sha256,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (bytes: number) => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of streamOf(source, { signal })) {
    hash.update(chunk);
    onBytes(hash.size);
    yield chunk;
  }
}
