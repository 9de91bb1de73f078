/** The inspection as one row, as `checkpointctl show` has it: for lists that a shell loop makes of many checkpoints. */
import { bytesText, harmless } from '@stillframe/core';
import { type Column, renderTable } from '../display/table.ts';
import type { Inspection } from './model.ts';

const text = (value: string | undefined) => harmless(value ?? '-') || '-';

const COLUMNS: readonly Column<Inspection>[] = [
  { title: 'CONTAINER', cell: ({ container }) => text(container.name ?? container.id) },
  {
    title: 'POD',
    cell: ({ container }) => text(container.podName && `${container.kubeNamespace ?? '?'}/${container.podName}`),
  },
  { title: 'IMAGE', cell: ({ image }) => text(image.requested ?? image.name) },
  { title: 'ID', cell: ({ container }) => text(container.id?.slice(0, 12)) },
  { title: 'ENGINE', cell: ({ engine }) => text(engine.name) },
  { title: 'RUNTIME', cell: ({ ociRuntime }) => text(ociRuntime) },
  { title: 'CREATED', cell: ({ created }) => text(created) },
  { title: 'CHECKPOINTED', cell: ({ checkpointed }) => text(checkpointed) },
  { title: 'IP', cell: ({ ip }) => text(ip) },
  { title: 'PROCESSES', cell: ({ processes }) => String(processes.length), align: 'right' },
  {
    title: 'SIZE',
    cell: ({ archive }) => (archive.size === undefined ? '-' : bytesText(archive.size)),
    align: 'right',
  },
  { title: 'FAULTS', cell: ({ diagnostics }) => String(diagnostics.length), align: 'right' },
];

/** Heading and one row, ending in a newline. Harmless to a terminal. */
export function inspectionTable(found: Inspection): string {
  return renderTable(COLUMNS, [found]);
}
