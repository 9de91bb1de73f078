/** Sockets: the drawing, and the table that has all of them. */
import { endpointText } from '@stillframe/checkpoint';
import type { SocketRow } from '../analysers/sockets.ts';
import { referenceText } from '../reference.ts';
import { networkGraph } from './graph.ts';
import { html, type Markup } from './html.ts';
import { clipped, code, section, table } from './parts.ts';
import { MOST_ROWS, type ReportSource } from './source.ts';

const LONGEST = 160;

export function networkSection({ judged }: ReportSource): Markup {
  const { sockets, processes } = judged.analysis.tables;
  const names = new Map(processes.map(({ pid, name }) => [pid, name ?? '?']));
  const columns = [
    { title: 'Kind', cell: kindOf },
    { title: 'State', cell: (row: SocketRow) => ('state' in row ? row.state : '–') },
    { title: 'Local', cell: (row: SocketRow) => code(clipped(localOf(row), LONGEST)) },
    { title: 'Other end', cell: (row: SocketRow) => code(clipped(remoteOf(row), LONGEST)) },
    { title: 'Held by', cell: (row: SocketRow) => holdersOf(row, names) },
    { title: 'Waiting', figures: true, cell: waitingOf },
    { title: 'Reference', cell: ({ fileId }: SocketRow) => code(referenceText({ kind: 'socket', fileId })) },
  ];
  return section(
    'network',
    'Network',
    networkGraph(judged) ?? html`<p class="none">No process speaks over IP or listens for it.</p>`,
    table(
      'Sockets that speak over IP first, then those within the machine',
      columns,
      ordered(sockets).slice(0, MOST_ROWS),
      {
        total: sockets.length,
        none: 'No process has a socket.',
      },
    ),
  );
}

function ordered(sockets: readonly SocketRow[]): readonly SocketRow[] {
  const isInternet = ({ family }: SocketRow) => family === 'ipv4' || family === 'ipv6';
  return [...sockets.filter(isInternet), ...sockets.filter((row) => !isInternet(row))];
}

function kindOf(row: SocketRow): string {
  return row.family === 'ipv4' || row.family === 'ipv6'
    ? `${row.protocol} (${row.family})`
    : `${row.family} ${row.type}`;
}

function localOf(row: SocketRow): string {
  if (row.family === 'unix') return row.name || `[${row.inode}]`;
  return 'local' in row ? endpointText(row.local) : '–';
}

function remoteOf(row: SocketRow): string {
  if (row.family === 'unix') return row.peerInode === 0 ? '–' : `[${row.peerInode}]`;
  return 'remote' in row && row.remote.port !== 0 ? endpointText(row.remote) : '–';
}

function holdersOf({ holders }: SocketRow, names: ReadonlyMap<number, string>): string {
  const some = holders.slice(0, 3).map(({ pid, fd }) => `${pid}/${fd} ${names.get(pid) ?? '?'}`);
  return `${some.join(', ') || 'no process'}${holders.length > 3 ? ` and ${holders.length - 3} more` : ''}`;
}

/** Bytes that nobody had read, and that had not been taken by the other end. */
function waitingOf({ receiveQueue, sendQueue }: SocketRow): string {
  const text = (queue: SocketRow['sendQueue']) => (queue.state === 'present' ? String(queue.bytes) : '?');
  return `${text(receiveQueue)} in, ${text(sendQueue)} out`;
}
