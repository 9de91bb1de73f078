/** `stillframe ui`: the desk, a page in a browser over checkpoints that are open as long as the command runs. */
import { once } from 'node:events';
import { basename } from 'node:path';
import { startDesk } from '@stillframe/server';
import { pagePlace } from '@stillframe/ui/place';
import { rememberArchive } from '../evidence/measured-file.ts';
import { numberOf } from '../numbers.ts';
import { productVersion } from '../product.ts';
import { deskExports } from '../report/desk-exports.ts';
import { proofOf, timesIn } from '../report/proof.ts';
import { cliError } from '../usage.ts';
import { readVerifyingKeys, withVerifyingKeys } from '../verify/keys.ts';
import type { RegisterCommand } from './command.ts';
import { type ReadingOptions, readingSeveral, WHERE, withReading } from './reading.ts';

interface UiOptions extends ReadingOptions {
  port?: string;
  key?: string[];
}

const HELP = `
The command prints an address of this machine that works once, in one browser, and answers until it is ended (Ctrl-C). It listens on
127.0.0.1 alone: for a desk on another machine, forward the port with \`ssh -L PORT:127.0.0.1:PORT\` (the
same at both ends) and open the address.
What the page shows is what the container had: whoever sees it sees the archive.

  stillframe ui web.tar --key node.pub
  stillframe ui before.tar after.tar --port 8080`;

/** Ends with code 0 when it is interrupted: that is how it ends. */
export const ui: RegisterCommand = (program, io, done) => {
  const command = program
    .command('ui')
    .description('Open the desk: checkpoints in a browser, with processes, memory, files and findings')
    .argument('<checkpoint...>', WHERE);
  withVerifyingKeys(withReading(command))
    .option('--port <number>', 'listen here; by default where there is room')
    .addHelpText('after', HELP)
    .action(async (whats: string[], options: UiOptions) => {
      const port = Number(numberOf(options.port ?? '0', '--port'));
      if (port > 65_535) throw cliError('ERR_USAGE_ARGUMENT', '--port takes a number up to 65535');
      const keys = await readVerifyingKeys(options.key ?? [], io);
      const same = new Map<string, () => Promise<void>>();
      // Before they are opened: what was opened is then that, or is told.
      for (const what of whats) same.set(what, await rememberArchive(what));
      // Faults are on the page; they are no reason for a code of a command that only serves.
      await readingSeveral(whats, { ...options, output: 'json' }, io, async (opened) => {
        const cases = opened.map(({ what, checkpoint }) => ({
          name: basename(what),
          checkpoint,
          proof: async () => {
            const found = await proofOf(what, keys, io).finally(same.get(what));
            return found?.proof;
          },
          exports: deskExports({ what, checkpoint, keys, demandSame: same.get(what) }, io),
          times: () => timesIn(what, io),
        }));
        await using desk = await startDesk({ cases, page: pagePlace, version: productVersion, port });
        io.out(`${desk.address}\n`);
        io.err('open it in a browser on this machine; it works once. Ctrl-C ends the desk\n');
        if (!io.signal.aborted) await once(io.signal, 'abort');
      });
      done(undefined);
    });
};
