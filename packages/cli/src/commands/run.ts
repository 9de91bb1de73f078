/** `stillframe run`: one container in a pod of its own. */
import { randomUUID } from 'node:crypto';
import { renderJson } from '../display/json.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { demandFreeName, startPod } from '../pod.ts';
import { cliError } from '../usage.ts';
import { ADDRESS_HELP, parseAddress } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

interface RunOptions extends CriPlace {
  image: string;
  env: string[];
  mount: string[];
  output: string;
}

export const run: RegisterCommand = (program, io) => {
  withCri(program.command('run'))
    .description('Run one container in a pod of its own on the node')
    .argument('<address>', ADDRESS_HELP)
    .argument('[command...]', 'command instead of the image’s own; write -- before it')
    .requiredOption('--image <reference>', 'image, pulled where it is not on the node')
    .option('--env <name=value>', 'environment variable; may be repeated', collect, [])
    .option('--mount <source:path[:ro]>', 'bind mount; may be repeated', collect, [])
    .addOption(outputOption('table', 'json'))
    .action(async (address: string, command: string[], options: RunOptions) => {
      await using client = await connectCri(options, io.signal);
      const place = parseAddress(address);
      await demandFreeName(client, place.kubeNamespace, place.pod, io.signal);
      const started = await startPod(client, {
        ...place,
        uid: randomUUID(),
        image: options.image,
        pull: true,
        command,
        env: options.env.map(parseVariable),
        mounts: options.mount.map(parseMount),
        signal: io.signal,
      });
      if (options.output === 'json') io.out(renderJson('Container', 1, started));
      else io.out(`${started.containerID}\n`);
    });
};

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function parseVariable(text: string) {
  const equals = text.indexOf('=');
  if (equals <= 0) throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not NAME=VALUE`);
  return { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** `SOURCE:PATH` or `SOURCE:PATH:ro`, both absolute. Throws ERR_USAGE_ARGUMENT. */
export function parseMount(text: string) {
  const [hostPath = '', containerPath = '', mode = 'rw', ...rest] = text.split(':');
  const sound = hostPath.startsWith('/') && containerPath.startsWith('/') && rest.length === 0;
  if (!sound || (mode !== 'rw' && mode !== 'ro')) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not /SOURCE:/PATH or /SOURCE:/PATH:ro`);
  }
  return { hostPath, containerPath, readonly: mode === 'ro' };
}
