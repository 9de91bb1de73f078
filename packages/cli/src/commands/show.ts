/** `stillframe show`: opens the place in the evidence that a finding points at. */
import { lstat } from 'node:fs/promises';
import { harmless, parseDigest } from '@stillframe/core';
import { parseReference, referenceText } from '@stillframe/forensics';
import { exitCodes } from '../exit.ts';
import { readEvidence } from '../image/evidence.ts';
import { show as open } from '../show/index.ts';
import { printShown } from '../show/print.ts';
import { ShowContext } from '../show/shown.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

const HELP = `
REFERENCE is as findings have it (docs/forensics.md): process/7, memory/7/0x7f0000001000+64, fd/7/3, socket/12, rootfs/etc/passwd…
As sha256:DIGEST#REFERENCE, as a case file cites it, it is opened only where the evidence beside the archive records that digest.
What the container mapped or had open is shown with the first of its bytes; --output hex or raw gives all of them, json up to 64 KiB.

  stillframe show web.tar fd/7/exe
  stillframe show web.tar memory/7/0x7f0000001000+64 --output hex
  stillframe show web.tar fd/7/exe --output raw > program`;

/** Exit code 4 where some of the evidence could not be read. */
export const show: RegisterCommand = (program, io, done) => {
  readingCommand(
    program,
    'show',
    'Open what a finding points at: a process, memory, a file, a socket, an image, an entry',
  )
    .argument('<reference>', 'place in the evidence, such as process/7 or sha256:DIGEST#process/7')
    .addOption(outputOption('table', 'json', 'raw', 'hex'))
    .addHelpText('after', HELP)
    .action(async (what: string, text: string, options: ReadingOptions) => {
      const [, digest, plain = text] = /^(sha256:[^#]*)#(.*)$/s.exec(text) ?? [];
      const reference = parseReference(plain);
      if (digest !== undefined) await demandDigest(what, digest);
      let absent = false;
      const code = await reading(what, options, io, async ({ checkpoint, processes }) => {
        const shown = await open(reference, new ShowContext(checkpoint, processes, io));
        absent = await printShown(shown, referenceText(reference), options.output, io);
      });
      done(absent ? exitCodes.partial : code);
    });
};

/** Throws ERR_DIGEST_INVALID, ERR_EVIDENCE_MISSING and ERR_ARCHIVE_OTHER, and what cannot be read of the evidence. */
async function demandDigest(archive: string, text: string): Promise<void> {
  const digest = parseDigest(text);
  await lstat(archive);
  const evidence = await readEvidence(archive);
  if (!evidence)
    throw cliError('ERR_EVIDENCE_MISSING', `${harmless(archive)} has no evidence beside it that records its digest`);
  if (evidence.digest === digest) return;
  throw cliError(
    'ERR_ARCHIVE_OTHER',
    `${harmless(archive)} is another archive: its evidence records ${evidence.digest}`,
  );
}
