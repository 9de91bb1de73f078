/** `stillframe pods`: pods and containers, over any CRI socket. */
import { harmless } from '@stillframe/core';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { listPods } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

export const pods: RegisterCommand = (program, io) => {
  withCri(program.command('pods'))
    .description('Pods and containers of the node')
    .addOption(outputOption('table', 'json'))
    .action(async (options: CriPlace & { output: string }) => {
      await using client = await connectCri(options, io.signal);
      const found = await listPods(client, io.signal);
      if (options.output === 'json') {
        io.out(renderJson('PodList', 1, { pods: found }));
        return;
      }
      const rows = found.flatMap((pod) => {
        const none = { id: pod.sandboxID, name: '(no container)', attempt: 0, image: '', state: 'unknown' as const };
        return (pod.containers.length > 0 ? pod.containers : [none]).map((container) => ({ pod, container }));
      });
      io.out(
        renderTable(
          [
            {
              title: 'CONTAINER',
              cell: ({ pod, container }) => harmless(`${pod.kubeNamespace}/${pod.pod}/${container.name}`),
            },
            { title: 'STATE', cell: ({ container }) => container.state },
            { title: 'ID', cell: ({ container }) => container.id.slice(0, 13) },
            { title: 'IMAGE', cell: ({ container }) => harmless(container.image) },
          ],
          rows,
        ),
      );
    });
};
