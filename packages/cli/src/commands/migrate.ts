/** `stillframe migrate`: a pod of a Kubernetes cluster to another node, memory and all. */
import type { Io } from '../io.ts';
import { type ClusterPlace, withCluster, withFetching } from '../node/cluster-place.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';

export interface MigrateCommandOptions extends ClusterPlace, RegistryFlags {
  to?: string;
  image?: string;
  container?: string;
  name?: string;
  state?: string;
  patience: string;
  timeout: string;
  fetchImage: string;
  fetchNamespace: string;
  signKey?: string;
  output: string;
}

export const migrate: RegisterCommand = (program, io: Io) => {
  const described = withFetching(withCluster(program.command('migrate')))
    .description(
      'Move a running pod to another node: checkpoint, image, push, a copy that is ready, and only then the original goes',
    )
    .argument('<address>', 'NAMESPACE/POD, NAMESPACE/POD/CONTAINER, or POD')
    .option('--to <node>', 'node that it is to go to')
    .option('--image <reference>', 'where the image goes: REGISTRY/NAME:TAG, which that node can pull')
    .option('-c, --container <name>', 'which container keeps its memory; the others begin anew')
    .option('--name <pod>', 'name of the copy; by default the pod’s with -moved behind it')
    .option('--state <file>', 'what is done is kept here, and gone on from; by default migrate-POD.json')
    .option('--patience <seconds>', 'until the copy must be ready, or an API server that is away be back', '300')
    .option('--timeout <seconds>', 'for the checkpoint', '3600')
    .option(
      '--sign-key <file>',
      'sign evidence of the archive with this private key; by default STILLFRAME_CUSTODY_KEY',
    )
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (text: string, options: MigrateCommandOptions) => {
      const [timeout, patience] = [options.timeout, options.patience].map(Number);
      if (![timeout, patience].every((each) => Number.isInteger(each) && Number(each) > 0 && Number(each) <= 86_400)) {
        throw cliError('ERR_USAGE_ARGUMENT', '--timeout and --patience take whole seconds up to a day');
      }
      const { migratePod } = await import('../migrate/migrate-pod.ts');
      await migratePod(text, { ...options, seconds: { timeout: Number(timeout), patience: Number(patience) } }, io);
    });
  withRegistry(described);
};

const HELP = `
Where a step fails, or the command is ended, the copy is removed and the original runs on; the same command goes on from what is kept in the
state file. What the original did after its checkpoint is not in the copy: the time is said at the end. docs/kubernetes.md says more.`;
