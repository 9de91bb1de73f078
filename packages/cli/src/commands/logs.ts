/** `stillframe logs`: what a container has written, from its CRI log. */
import { harmless } from '@stillframe/core';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { readLog } from '../node/container-log.ts';
import { cliError } from '../usage.ts';
import { ADDRESS_HELP, demandTarget, findContainer } from './address.ts';
import { type RegisterCommand, withCri } from './command.ts';

export const logs: RegisterCommand = (program, io) => {
  withCri(program.command('logs'))
    .description('What a container has written')
    .argument('<address>', `${ADDRESS_HELP}, or a container's id`)
    .option('--tail <lines>', 'only the last lines')
    .action(async (text: string, options: CriPlace & { tail?: string }) => {
      const tail = tailOf(options.tail);
      demandTarget(text);
      await using client = await connectCri(options, io.signal);
      const { container } = await findContainer(client, text, io.signal);
      const { status } = await client.runtime.containerStatus({ containerId: container.id }, { signal: io.signal });
      const lines = await readLog(status?.logPath ?? '', tail);
      for (const line of lines) io.out(`${harmless(line)}\n`);
    });
};

function tailOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw cliError('ERR_USAGE_ARGUMENT', `--tail takes a number of lines, not ${JSON.stringify(text)}`);
  return Number(text);
}
