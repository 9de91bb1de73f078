/** `stillframe pods`: pods and containers, over any CRI socket or a kubelet's API. */
import { harmless } from '@stillframe/core';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { type KubeletPlace, openKubelet, withKubelet } from '../node/kubelet-place.ts';
import { listPods, type PodView } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

interface PodsOptions extends CriPlace, KubeletPlace {
  output: string;
}

export const pods: RegisterCommand = (program, io) => {
  withKubelet(withCri(program.command('pods')))
    .description('Pods and containers of the node')
    .addOption(outputOption('table', 'json'))
    .action(async (options: PodsOptions) => {
      const found = await podsAt(options, io);
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

async function podsAt(options: PodsOptions, io: Io): Promise<PodView[]> {
  const { kubelet } = options;
  if (kubelet === undefined) {
    await using client = await connectCri(options, io.signal);
    return await listPods(client, io.signal);
  }
  await using client = await openKubelet({ ...options, kubelet }, io);
  return (await client.pods({ signal: io.signal })).map(({ kubeNamespace, name, containers }) => ({
    sandboxID: '',
    kubeNamespace,
    pod: name,
    ready: containers.some(({ state }) => state === 'running'),
    containers: containers.map(({ name: container, containerID: id, image, state }) => ({
      ...{ id, name: container, attempt: 0, image },
      state: STATES[state],
    })),
  }));
}

/** A kubelet's words for a container's state in ours. */
const STATES = { running: 'running', terminated: 'exited', waiting: 'created', unknown: 'unknown' } as const;
