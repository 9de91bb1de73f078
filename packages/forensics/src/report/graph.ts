/** Who speaks to whom, as a drawing: processes left, the other ends right. SVG within the page; no text of it is markup. */
import { type Endpoint, endpointText } from '@stillframe/checkpoint';
import type { SocketRow } from '../analysers/sockets.ts';
import type { JudgedCheckpoint } from '../judged.ts';
import { html, type Markup } from './html.ts';
import { clipped, counted } from './parts.ts';

/** Boxes of one side that are drawn, and characters in one. */
const [MOST, LONGEST] = [40, 38];
/** Pixels. */
const [WIDTH, BOX, ROW, TOP] = [960, 330, 38, 40];

interface Edge {
  pid: number;
  /** The box at the other side. */
  to: string;
  kind: 'listens' | 'inside' | 'outside';
}

/** The drawing; undefined where no process has a socket of IP that speaks or listens. */
export function networkGraph({ analysis }: JudgedCheckpoint): Markup | undefined {
  const { processes, sockets } = analysis.tables;
  const names = new Map(processes.map(({ pid, name }) => [pid, name ?? '?']));
  const edges = edgesOf(sockets, names);
  const pids = [...new Set(edges.map(({ pid }) => pid))].sort((a, b) => a - b);
  const ends = [...new Set(edges.map(({ to }) => to))];
  if (pids.length === 0) return undefined;
  const [left, right] = [pids.slice(0, MOST), ends.slice(0, MOST)];
  const height = TOP + ROW * Math.max(left.length, right.length) + 10;
  const yOf = (index: number) => TOP + index * ROW;
  const [leftAt, rightAt] = [
    new Map(left.map((pid, i) => [pid, yOf(i)])),
    new Map(right.map((end, i) => [end, yOf(i)])),
  ];
  const lines = edges.flatMap(({ pid, to, kind }) => {
    const [from, until] = [leftAt.get(pid), rightAt.get(to)];
    return from === undefined || until === undefined ? [] : [line(from, until, kind)];
  });
  const outside = new Set(edges.filter(({ kind }) => kind === 'outside').map(({ to }) => to));
  const hidden = pids.length - left.length + (ends.length - right.length);
  return html`<figure>
<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="graph-title graph-text">
<title id="graph-title">Processes and the ends of their connections</title>
<desc id="graph-text">${describe(edges)}</desc>
<text class="dim" x="10" y="24">processes</text><text class="dim" x="${WIDTH - BOX}" y="24">other ends</text>
${lines}${left.map((pid) => box(10, leftAt.get(pid) ?? 0, `${pid} ${names.get(pid) ?? '?'}`, false))}${right.map(
  (end) => box(WIDTH - BOX, rightAt.get(end) ?? 0, end, outside.has(end)),
)}</svg>
<figcaption>Dashed lines lead to what a process listens at; marked boxes lie outside of the checkpoint.${
    hidden > 0 && ` ${counted(hidden, 'more box', 'more boxes')} would not fit; the table has them.`
  }</figcaption>
</figure>
`;
}

function edgesOf(sockets: readonly SocketRow[], names: ReadonlyMap<number, string>): readonly Edge[] {
  const holders = new Map(sockets.map((socket) => [socket.fileId, socket.holders[0]?.pid]));
  const edges = new Map<string, Edge>();
  for (const socket of sockets) {
    const edge = edgeOf(socket, (fileId) => holders.get(fileId), names);
    if (!edge) continue;
    for (const { pid } of socket.holders) {
      const key = `${pid} ${edge.to}`;
      if (!edges.has(key)) edges.set(key, { pid, ...edge });
    }
  }
  return [...edges.values()];
}

/** An end within the checkpoint goes by the process that has it. */
function edgeOf(
  socket: SocketRow,
  holderOf: (fileId: number) => number | undefined,
  names: ReadonlyMap<number, string>,
): Omit<Edge, 'pid'> | undefined {
  if (socket.family !== 'ipv4' && socket.family !== 'ipv6') return undefined;
  const { local, remote, protocol, state, peer } = socket;
  const word = (end: Endpoint) => `${protocol} ${endpointText(end)}`;
  if (remote.port !== 0) {
    const pid = 'fileId' in peer ? holderOf(peer.fileId) : undefined;
    const whose = pid === undefined ? '' : ` ${pid} ${names.get(pid) ?? '?'}`;
    return { to: word(remote) + whose, kind: peer.place === 'outside' ? 'outside' : 'inside' };
  }
  if (state === 'listen' || (protocol.startsWith('udp') && local.port !== 0))
    return { to: `${word(local)} (open)`, kind: 'listens' };
  return undefined;
}

function describe(edges: readonly Edge[]): string {
  const count = (wanted: Edge['kind']) => edges.filter(({ kind }) => kind === wanted).length;
  return `${counted(count('outside'), 'connection')} to the outside, ${count('inside')} within the checkpoint, ${count('listens')} places to connect to.`;
}

function line(from: number, until: number, kind: Edge['kind']): Markup {
  const [x1, x2, y1, y2] = [BOX, WIDTH - BOX, from + 14, until + 14];
  const middle = (x1 + x2) / 2;
  return html`<path class="${kind}" d="M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}"/>
`;
}

function box(x: number, y: number, text: string, marked: boolean): Markup {
  return html`<g class="${marked ? 'marked' : 'plain'}"><rect x="${x}" y="${y}" width="${BOX - 10}" height="28" rx="5"/><text x="${x + 10}" y="${y + 19}">${clipped(text, LONGEST)}</text></g>
`;
}
