/** `stillframe rm`: stops and removes a pod. */
import { type CriPlace, connectCri } from '../node/connect.ts';
import { removePod } from '../pod.ts';
import { cliError } from '../usage.ts';
import { listPods } from './address.ts';
import { type RegisterCommand, withCri } from './command.ts';

export const rm: RegisterCommand = (program, io) => {
  withCri(program.command('rm'))
    .description('Stop and remove a pod with all its containers')
    .argument('<pod>', 'NAMESPACE/POD, or POD in the namespace default')
    .action(async (text: string, options: CriPlace) => {
      const parts = text.split('/');
      if (parts.length === 1) parts.unshift('default');
      const [kubeNamespace, pod] = parts;
      if (parts.length !== 2 || !kubeNamespace || !pod) {
        throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is not NAMESPACE/POD`, {
          hint: 'a container is removed with its pod',
        });
      }
      await using client = await connectCri(options, io.signal);
      const found = (await listPods(client, io.signal)).filter(
        (p) => p.kubeNamespace === kubeNamespace && p.pod === pod,
      );
      if (found.length === 0) throw cliError('ERR_CONTAINER_NOT_FOUND', `there is no pod ${text}`);
      await Promise.all(found.map(({ sandboxID }) => removePod(client, sandboxID)));
      io.out(`removed ${kubeNamespace}/${pod}\n`);
    });
};
