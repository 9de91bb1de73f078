/** `stillframe pods`: pods with their status, and their containers, over the node, any CRI socket or a kubelet's API. */
import { harmless } from '@stillframe/core';
import { MANIFEST_ANNOTATION } from '@stillframe/kubelet/names';
import { renderJson } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { readEndpoints } from '../node/endpoints.ts';
import { type KubeletPlace, openKubelet, withKubelet } from '../node/kubelet-place.ts';
import { openNodeApi } from '../node/node-api.ts';
import { podFaults } from '../node/pods.ts';
import { ageText, type PodRow, podRow } from '../pod-status.ts';
import { listPods, type PodView } from './address.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

interface PodsOptions extends CriPlace, KubeletPlace {
  containers?: boolean;
  output: string;
}

/** Status and containers of one pod. */
type Shown = PodView & Pick<PodRow, 'status' | 'restarts' | 'startedAt' | 'message' | 'manifest'> & { counts: string };

export const pods: RegisterCommand = (program, io) => {
  withKubelet(withCri(program.command('pods')))
    .description('Pods of the node with their status')
    .option('--containers', 'their containers instead, with ids and images')
    .addOption(outputOption('table', 'json'))
    .action(async (options: PodsOptions) => {
      const shown = await podsAt(options, io);
      for (const { file, reason } of options.cri || options.kubelet ? [] : await podFaults(options))
        io.err(`warning: ${harmless(file)}: ${harmless(reason)}\n`);
      if (options.output === 'json') {
        io.out(renderJson('PodList', 1, { pods: shown.map(({ counts: _counts, ...rest }) => rest) }));
        return;
      }
      io.out(options.containers ? containerTable(shown) : podTable(shown));
    });
};

function podTable(shown: readonly Shown[]): string {
  return renderTable(
    [
      { title: 'POD', cell: ({ kubeNamespace, pod }) => harmless(`${kubeNamespace}/${pod}`) },
      { title: 'READY', cell: ({ counts }) => counts },
      { title: 'STATUS', cell: ({ status }) => harmless(status) },
      { title: 'RESTARTS', cell: ({ restarts }) => String(restarts), align: 'right' },
      { title: 'AGE', cell: ({ startedAt }) => (startedAt === undefined ? '' : ageText(Date.now() - startedAt)) },
    ],
    shown,
  );
}

function containerTable(shown: readonly Shown[]): string {
  const rows = shown.flatMap((pod) => {
    const none = { id: pod.sandboxID, name: '(no container)', attempt: 0, image: '', state: 'unknown' as const };
    return (pod.containers.length > 0 ? pod.containers : [none]).map((container) => ({ pod, container }));
  });
  return renderTable(
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
  );
}

async function podsAt(options: PodsOptions, io: Io): Promise<Shown[]> {
  const { kubelet } = options;
  if (kubelet !== undefined) {
    await using client = await openKubelet({ ...options, kubelet }, io);
    const [documents, views] = [
      await client.podDocuments({ signal: io.signal }),
      await client.pods({ signal: io.signal }),
    ];
    return merged(documents, views.map(viewOf));
  }
  await using client = await connectCri(options, io.signal);
  const views = await listPods(client, io.signal);
  const endpoints = options.cri === undefined ? await readEndpoints(options.state) : undefined;
  if (endpoints !== undefined) {
    await using api = await openNodeApi(options);
    return merged(await api.podDocuments({ signal: io.signal }), views);
  }
  const { podDocumentsOf } = await import('@stillframe/kubelet');
  return merged(await podDocumentsOf(client, io.signal), views);
}

/** Every pod that is listed, and every sandbox: one may be there whose pod is ending. */
function merged(documents: readonly unknown[], views: readonly PodView[]): Shown[] {
  const rows = documents.map((document) => podRow(document, MANIFEST_ANNOTATION));
  const isOf = (row: PodRow, view: PodView) => row.kubeNamespace === view.kubeNamespace && row.pod === view.pod;
  const listed = rows.map((row): Shown => {
    const own = views.filter((view) => isOf(row, view));
    const view = own.find(({ ready }) => ready) ?? own.at(-1);
    const { kubeNamespace, pod, status, restarts, startedAt, message, manifest } = row;
    const base = { sandboxID: '', ready: false, containers: [], kubeNamespace, pod, ...view };
    return { ...base, status, restarts, startedAt, message, manifest, counts: `${row.ready}/${row.containers}` };
  });
  const others = views.filter((view) => !rows.some((row) => isOf(row, view)));
  const rest = others.map((view): Shown => {
    const running = view.containers.filter(({ state }) => state === 'running').length;
    const unknown = { restarts: 0, startedAt: undefined, message: '', manifest: undefined };
    return { ...view, ...unknown, status: 'Unknown', counts: `${running}/${view.containers.length}` };
  });
  return [...listed, ...rest];
}

function viewOf({
  kubeNamespace,
  name: pod,
  containers,
}: {
  kubeNamespace: string;
  name: string;
  containers: readonly { name: string; containerID: string; image: string; state: keyof typeof STATES }[];
}): PodView {
  return {
    sandboxID: '',
    kubeNamespace,
    pod,
    ready: containers.some(({ state }) => state === 'running'),
    containers: containers.map(({ name, containerID: id, image, state }) => ({
      ...{ id, name, attempt: 0, image },
      state: STATES[state],
    })),
  };
}

/** A kubelet's words for a container's state in ours. */
const STATES = { running: 'running', terminated: 'exited', waiting: 'created', unknown: 'unknown' } as const;
