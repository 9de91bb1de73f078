/** `stillframe report`: what a checkpoint tells, as one page for people who were not there. */
import { harmless } from '@stillframe/core';
import { writeTextAtomically } from '@stillframe/core/file';
import { madePage } from '../report/page.ts';
import { demandNew, demandReplaceable } from '../scan/new-file.ts';
import { type ScanningOptions, withScanning } from '../scan/scanning.ts';
import { readVerifyingKeys, withVerifyingKeys } from '../verify/keys.ts';
import type { RegisterCommand } from './command.ts';
import { reading, readingCommand } from './reading.ts';

interface ReportOptions extends ScanningOptions {
  key?: string[];
  force?: boolean;
}

const HELP = `
The page has no script and loads nothing: it opens anywhere, prints whole, and goes by mail. It holds a summary in words, the findings of
\`stillframe scan\`, processes, network, timeline, changes, open deleted files, mounts, custody and verification, and an appendix with
digests. What looks like a secret in arguments is left out; all else is what the container had: treat it as the archive itself.
The same archive, evidence and rules give the same page, but for the chain of custody: each opening makes that longer.

  stillframe report web.tar -o report.html --key node.pub
  stillframe report web.tar -o - | gzip > report.html.gz`;

/** Exit code 4 where some of the evidence could not be read; the page says what. */
export const report: RegisterCommand = (program, io, done) => {
  const description = 'Write what a checkpoint tells as one HTML page, without scripts, for people who were not there';
  withVerifyingKeys(withScanning(readingCommand(program, 'report', description)))
    .requiredOption('-o, --output <file>', 'the page, which must be new; - for stdout')
    .option('--force', 'replace a file of that name')
    .addHelpText('after', HELP)
    .action(async (what: string, options: ReportOptions) => {
      const { output, force = false } = options;
      if (output !== '-') await (force ? demandReplaceable(output, what) : demandNew(output));
      const keys = await readVerifyingKeys(options.key ?? [], io);
      const code = await reading(what, options, io, async ({ checkpoint, report: note }) => {
        const page = await madePage(what, checkpoint, { ...options, keys }, io, note);
        if (output === '-') await io.write(page);
        else await writeTextAtomically(output, page, { replace: force });
      });
      if (output !== '-') io.err(`${harmless(output)} is written\n`);
      done(code);
    });
};
