/** Sockets as a table after ss(8), and as a tree. Every text of the evidence is made harmless here. */
import {
  endpointText,
  type InetSocket,
  type OptionValue,
  type Queued,
  type Socket,
  socketKind,
  type UnixSocket,
} from '@stillframe/checkpoint';
import { bytesText, harmless, microsecondsText } from '@stillframe/core';
import { clipped } from '../display/clipped.ts';
import type { Style } from '../display/style.ts';
import type { TreeNode } from '../display/tree.ts';
import { holdersText } from '../open-files/holders.ts';
import { ownerText } from '../open-files/text.ts';
import type { ShownSocket, SocketView } from './view.ts';

/** Characters of an address in the table (a Unix path has 108), and of a process's name (the kernel has 15). */
const ADDRESS = 160;
const NAME = 32;

const right = 'right' as const;

export const COLUMNS = [
  { title: 'PROTO', cell: ({ socket }: ShownSocket) => socketKind(socket) },
  { title: 'STATE', cell: ({ socket }: ShownSocket) => stateText(socket) },
  { title: 'RECV-Q', cell: ({ socket }: ShownSocket) => receiveText(socket), align: right },
  { title: 'SEND-Q', cell: ({ socket }: ShownSocket) => sendText(socket), align: right },
  { title: 'LOCAL', cell: ({ socket }: ShownSocket) => harmless(clipped(localText(socket), ADDRESS)) },
  { title: 'PEER', cell: ({ socket, view }: ShownSocket) => harmless(clipped(peerText(socket, view), ADDRESS)) },
  { title: 'PID/FD', cell: ({ view }: ShownSocket) => holdersText(view.holders) ?? '-' },
  { title: 'PROCESS', cell: ({ view }: ShownSocket) => harmless(clipped(view.comm ?? '-', NAME)) },
];

/** Words of ss(8) where they differ from the kernel's. */
const STATES: Readonly<Record<string, string>> = { established: 'ESTAB', close: 'UNCONN', 'syn-received': 'SYN-RECV' };

function stateText(socket: Socket): string {
  return 'state' in socket ? (STATES[socket.state] ?? socket.state.toUpperCase()) : 'UNCONN';
}

const isListening = (socket: Socket): boolean => 'state' in socket && socket.state === 'listen';

/** Whether anybody may connect to it or send it something, as `ss --listening` has it. */
export function isOpenToAll(socket: Socket): boolean {
  if (isListening(socket)) return true;
  if (socket.type !== 'dgram') return false;
  if (socket.family === 'unix') return socket.name !== '' && socket.peerInode === 0;
  return 'local' in socket && socket.local.port !== 0 && socket.remote.port === 0;
}

const lengthText = (queued: Queued) => (queued.state === 'present' ? String(queued.bytes) : '-');

/** Bytes; of a listening socket the connections that wait. */
function receiveText(socket: Socket): string {
  if (isListening(socket)) return socket.family === 'unix' ? String(socket.pending) : '-';
  return lengthText(socket.receiveQueue);
}

/** Bytes; of a listening socket the connections that may wait. */
function sendText(socket: Socket): string {
  const backlog = 'backlog' in socket ? socket.backlog : undefined;
  return backlog === undefined ? lengthText(socket.sendQueue) : String(backlog);
}

function localText(socket: Socket): string {
  switch (socket.family) {
    case 'unix':
      return unixText(socket);
    case 'netlink':
      return `port ${socket.portId}${socket.groups.length > 0 ? ` groups ${socket.groups.slice(0, 8).join(',')}` : ''}`;
    case 'packet':
      return `${socket.protocol} on ${socket.interface ?? (socket.interfaceIndex === 0 ? '*' : socket.interfaceIndex)}`;
    default:
      return inetText(socket);
  }
}

function unixText({ name, folder, inode, deleted }: UnixSocket): string {
  if (name === '') return `[${inode}]`;
  const path = folder === undefined || /^[/@]/.test(name) ? name : `${folder}/${name}`;
  return `${path}${deleted ? ' (deleted)' : ''}`;
}

function inetText({ local, scope, options }: InetSocket): string {
  const device = scope ?? options['SO_BINDTODEVICE'];
  return `${endpointText(local)}${device === undefined ? '' : `%${device}`}`;
}

function peerText(socket: Socket, { peer }: SocketView): string {
  const address = addressOfPeer(socket);
  if (!peer || peer.place === 'none' || peer.place === 'outside') return address;
  const place = (peer.holders && holdersText(peer.holders, 1)) ?? 'no fd';
  return `${address} ${place}${peer.place === 'listener' ? ' (not accepted)' : ''}`;
}

function addressOfPeer(socket: Socket): string {
  switch (socket.family) {
    case 'unix':
      return socket.peerInode === 0 ? '*' : `[${socket.peerInode}]`;
    case 'netlink':
      return socket.remotePortId === 0 ? 'kernel' : `port ${socket.remotePortId}`;
    case 'packet':
      return '*';
    default:
      return endpointText(socket.remote);
  }
}

/** Options that are on by nature: sizes and priorities that every socket has. */
const ALWAYS = new Set(['SO_SNDBUF', 'SO_RCVBUF', 'IP_TTL']);
/** Values that the kernel starts with. */
const USUAL: Readonly<Record<string, OptionValue>> = {
  SO_RCVLOWAT: 1,
  TCP_KEEPIDLE: 7200,
  TCP_KEEPINTVL: 75,
  TCP_KEEPCNT: 9,
};

/** Lines of facts that the table has no column for: queues, connection, options that are not as usual. */
export function longTexts(socket: Socket, view: SocketView): string[] {
  return [
    ...(socket.family === 'unix' ? unixFacts(socket) : []),
    ...('connection' in socket && socket.connection ? connectionFacts(socket.connection) : []),
    ...reasonText(socket),
    optionsText(socket),
    timersText(socket),
    ...(view.peer?.place === 'outside' ? ['the other end is outside of the checkpoint'] : []),
    ...('shutdown' in socket && socket.shutdown !== 'none' ? [`shut down for ${socket.shutdown}`] : []),
    ...(socket.owner ? [`owner: ${ownerText(socket.owner)}`] : []),
    ...('receiveRing' in socket && socket.receiveRing ? [`receive ring ${bytesText(socket.receiveRing)}`] : []),
    `${'inode' in socket ? `inode ${socket.inode}, ` : ''}network namespace ${socket.namespace ?? 'not recorded'}`,
  ].filter((text) => text !== '');
}

function unixFacts({
  type,
  messages,
  inFlight,
  inFlightCount,
  sendMemory,
  permissions,
  external,
}: UnixSocket): string[] {
  return [
    // Of a stream they are the pieces in which CRIU happened to read it.
    ...(messages && type !== 'stream' ? [`${messages} ${messages === 1 ? 'message waits' : 'messages wait'}`] : []),
    ...(inFlightCount > 0 ? [`files in flight: ${inFlightCount} (files ${inFlight.slice(0, 8).join(', ')})`] : []),
    ...(sendMemory ? [`${bytesText(sendMemory)} of kernel memory in what was sent and not read`] : []),
    ...(permissions ? [`mode ${permissions.mode.toString(8)}, uid ${permissions.uid}, gid ${permissions.gid}`] : []),
    ...(external ? ['outside of the dumped processes'] : []),
  ];
}

function connectionFacts(connection: NonNullable<InetSocket['connection']>): string[] {
  const { negotiated, sendWindowScale, receiveWindowScale, maximumSegment, unconfirmed, unsent } = connection;
  const scales = sendWindowScale === undefined ? '' : `:${sendWindowScale},${receiveWindowScale ?? '?'}`;
  const agreed = negotiated.map((name) => (name === 'wscale' ? `wscale${scales}` : name));
  const windows = [
    ['send window', connection.sendWindow],
    ['receive window', connection.receiveWindow],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return [
    `agreed: ${agreed.join(' ') || 'nothing'}, mss ${maximumSegment}`,
    [...windows, `sequence ${connection.sendSequence} sent, ${connection.receiveSequence} received`].join(', '),
    ...(unconfirmed > 0 ? [`send queue: ${unsentText(unconfirmed, unsent)}`] : []),
  ];
}

function unsentText(unconfirmed: number, unsent: number | undefined): string {
  if (unsent === undefined) return `${unconfirmed} B not confirmed`;
  return `${unsent} B never sent, ${unconfirmed - unsent} B sent and not confirmed`;
}

function reasonText(socket: Socket): string[] {
  const { receiveQueue, sendQueue } = socket;
  if (isListening(socket)) return [];
  const reasons = [
    ...(receiveQueue.state === 'absent' ? [`receive queue ${receiveQueue.reason}`] : []),
    ...(sendQueue.state === 'absent' ? [`send queue ${sendQueue.reason}`] : []),
  ];
  return reasons.length === 0 ? [] : [reasons.join(', ')];
}

function optionsText({ options, flags }: Socket & { flags: number }): string {
  const shown = Object.entries(options).filter(([name, value]) => ALWAYS.has(name) || isUnusual(name, value));
  const nonblocking = (flags & O_NONBLOCK) === 0 ? [] : ['O_NONBLOCK'];
  return [...nonblocking, ...shown.map(([name, value]) => optionText(name, value))].join(' ');
}

const O_NONBLOCK = 0o4000;

function isUnusual(name: string, value: OptionValue): boolean {
  if (name.startsWith('TCP_KEEP')) return false;
  return name in USUAL ? USUAL[name] !== value : value !== false && value !== 0 && value !== 0n && value !== '';
}

function optionText(name: string, value: OptionValue): string {
  if (value === true) return name;
  return `${name}=${name.endsWith('TIMEO') ? microsecondsText(Number(value)) : value}`;
}

/** Keepalive is the one timer whose settings CRIU records; when it would have fired next it does not. */
function timersText({ options }: Socket): string {
  const { SO_KEEPALIVE: on, TCP_KEEPIDLE: idle, TCP_KEEPINTVL: interval, TCP_KEEPCNT: count } = options;
  if (idle === undefined && interval === undefined) return '';
  return `keepalive ${on ? 'on' : 'off'}: after ${idle ?? '?'} s, every ${interval ?? '?'} s, ${count ?? '?'} times`;
}

/** A socket with its facts below it. */
export function socketNode(shown: ShownSocket, style: Style): TreeNode {
  const { socket, view } = shown;
  const ends = `${localText(socket)} → ${peerText(socket, view)}`;
  const held = `${holdersText(view.holders, 4) ?? 'no fd'}${view.comm === undefined ? '' : ` ${view.comm}`}`;
  const queues = `receive queue ${receiveText(socket)}, send queue ${sendText(socket)}`;
  return {
    label: `${style.bold(`${socketKind(socket)} ${stateText(socket)}`)} ${harmless(ends)}  ${style.dim(harmless(held))}`,
    children: [queues, ...longTexts(socket, view)].map((text) => ({ label: harmless(text) })),
  };
}
