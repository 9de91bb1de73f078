/** `stillframe ui`: the desk, a page in a browser over checkpoints that are open as long as the command runs, and a running node. */
import { once } from 'node:events';
import { harmless, messageOf, StillframeError } from '@stillframe/core';
import { startDesk } from '@stillframe/server';
import { pagePlace } from '@stillframe/ui/place';
import { rememberArchive } from '../evidence/measured-file.ts';
import type { Io } from '../io.ts';
import type { CriPlace } from '../node/connect.ts';
import type { LiveNodeOptions } from '../node/live-node.ts';
import { runningNode } from '../node/running.ts';
import { numberOf } from '../numbers.ts';
import { productVersion } from '../product.ts';
import { deskCase } from '../report/desk-case.ts';
import { startYara } from '../scan/yara-process.ts';
import { cliError } from '../usage.ts';
import { readVerifyingKeys, withVerifyingKeys } from '../verify/keys.ts';
import { type NodePlace, type RegisterCommand, withCri } from './command.ts';
import { type ReadingOptions, readingSeveral, WHERE, withReading } from './reading.ts';

interface UiOptions extends ReadingOptions, CriPlace, NodePlace {
  port?: string;
  key?: string[];
  signKey?: string;
}

const HELP = `
The command prints an address of this machine that works once, in one browser, and answers until it is ended (Ctrl-C). It listens on
127.0.0.1 alone: for a desk on another machine, forward the port with \`ssh -L PORT:127.0.0.1:PORT\` (the
same at both ends) and open the address.
What the page shows is what the container had: whoever sees it sees the archive.

Where a node runs, or --cri names another runtime, the page shows its pods, too. Whoever has the page can checkpoint them, and restore
copies into forensic sandboxes of a node of Stillframe, and push images of checkpoints to registries; each is asked about before it is
done.

  stillframe ui web.tar --key node.pub
  stillframe ui before.tar after.tar --port 8080
  stillframe ui                                    only the node`;

/** Ends with code 0 when it is interrupted: that is how it ends. */
export const ui: RegisterCommand = (program, io, done) => {
  const command = program
    .command('ui')
    .description('Open the desk: checkpoints, and a running node, in a browser')
    .argument('[checkpoint...]', `${WHERE}; none: only the node`);
  withCri(withVerifyingKeys(withReading(command)))
    .option('--port <number>', 'listen here; by default where there is room')
    .option('--sign-key <file>', 'private key, in PEM, that images are signed with where the page asks for it')
    .addHelpText('after', HELP)
    .action(async (whats: string[], options: UiOptions) => {
      const port = Number(numberOf(options.port ?? '0', '--port'));
      if (port > 65_535) throw cliError('ERR_USAGE_ARGUMENT', '--port takes a number up to 65535');
      const keys = await readVerifyingKeys(options.key ?? [], io);
      const same = new Map<string, () => Promise<void>>();
      // Before they are opened: what was opened is then that, or is told.
      for (const what of whats) same.set(what, await rememberArchive(what));
      const caseOf: LiveNodeOptions['caseOf'] = (what, checkpoint) =>
        deskCase({ what, checkpoint, keys, demandSame: same.get(what) }, io);
      // Faults are on the page; they are no reason for a code of a command that only serves.
      await readingSeveral(whats, { ...options, output: 'json' }, io, async (opened) => {
        const cases = opened.map(({ what, checkpoint }) => caseOf(what, checkpoint));
        const demandSame = async (what: string) => same.get(what)?.();
        const wanted = { place: options, source: options, signKey: options.signKey, demandSame, caseOf };
        await using node = await nodeBeside(wanted, { isNeeded: cases.length === 0 }, io);
        await using desk = await startDesk({ cases, node, startYara, page: pagePlace, version: productVersion, port });
        io.out(`${desk.address}\n`);
        io.err('open it in a browser on this machine; it works once. Ctrl-C ends the desk\n');
        if (!io.signal.aborted) await once(io.signal, 'abort');
      });
      done(undefined);
    });
};

/** The node, where one runs. Throws what connectCri throws where there is nothing else to be shown. */
async function nodeBeside(options: LiveNodeOptions, { isNeeded }: { isNeeded: boolean }, io: Io) {
  const { place } = options;
  if (!isNeeded && place.cri === undefined && (await runningNode(place).catch(() => undefined)) === undefined)
    return undefined;
  const { openLiveNode } = await import('../node/live-node.ts');
  try {
    return await openLiveNode(options, io);
  } catch (error) {
    if (isNeeded || !StillframeError.is(error)) throw error;
    io.err(`warning: the desk shows no node: ${harmless(messageOf(error))}\n`);
    return undefined;
  }
}
