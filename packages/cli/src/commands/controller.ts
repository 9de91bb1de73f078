/** `stillframe controller`: custom resources of a Kubernetes cluster, carried out. */
import type { Io } from '../io.ts';
import { type ContextPlace, withContext } from '../node/cluster-place.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';

export interface ControllerCommandOptions extends ContextPlace {
  namespace?: string;
  leaseNamespace?: string;
  leaseName: string;
  requests: string;
  health: string;
  webhook?: string;
  webhookTokenFile?: string;
  webhookCert?: string;
  webhookKey?: string;
}

export const controller: RegisterCommand = (program, io: Io) => {
  withContext(program.command('controller'))
    .description(
      'Carry out Checkpoint, CheckpointSchedule and CheckpointPolicy objects of a cluster, until it is ended; of several one works at a time',
    )
    .option('-n, --namespace <name>', 'only objects of this namespace; by default of all')
    .option('--lease-namespace <name>', 'namespace of the lease; by default the pod’s own, or the context’s')
    .option('--lease-name <name>', 'which of several installations this is', 'stillframe-controller')
    .option('--requests <number>', 'to the API server in a second, over all', '15')
    .option('--health <address>', 'HOST:PORT of /healthz, /readyz and /metrics', '0.0.0.0:8081')
    .option('--webhook <address>', 'HOST:PORT that takes alerts of Falco at /falco; by default none is taken')
    .option('--webhook-token-file <file>', 'the token that Falco sends, alone in a file')
    .option('--webhook-cert <file>', 'certificate of the webhook, PEM; without it alerts and token travel in the clear')
    .option('--webhook-key <file>', 'its private key, PEM')
    .addHelpText('after', HELP)
    .action(async (options: ControllerCommandOptions) => {
      const requests = Number(options.requests);
      if (!Number.isInteger(requests) || requests < 1 || requests > 1000) {
        throw cliError('ERR_USAGE_ARGUMENT', '--requests takes a whole number from 1 to 1000');
      }
      if ((options.webhook === undefined) !== (options.webhookTokenFile === undefined)) {
        throw cliError('ERR_USAGE_ARGUMENT', '--webhook and --webhook-token-file go together');
      }
      if ((options.webhookCert === undefined) !== (options.webhookKey === undefined)) {
        throw cliError('ERR_USAGE_ARGUMENT', '--webhook-cert and --webhook-key go together');
      }
      const { serveController } = await import('../controller/serve-controller.ts');
      await serveController({ ...options, requestsPerSecond: requests }, io);
    });
};

const HELP = `
In a pod it asks the cluster as the pod’s service account; --context and --kubeconfig name another way. docs/controller.md has the kinds, the
rights, and what becomes of a capture when a controller dies.`;
