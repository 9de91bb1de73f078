/** The sockets of a checkpoint: their ends, what waits in them, and which door a connection came in by. */
import {
  type Endpoint,
  endpointText,
  type OpenFiles,
  type Queued,
  readSockets,
  type Socket,
  socketKind,
} from '@stillframe/checkpoint';
import type { DeskCase } from '../case.ts';
import type { QueueFacts, SocketFacts, SocketList } from '../contract/index.ts';
import type { AnswerRoute } from './route.ts';

/** Sockets that are listed, fds of one, and datagrams of one queue that are named. */
const [MOST, MOST_HOLDERS, MOST_DATAGRAMS] = [5000, 16, 20];

export const sockets: AnswerRoute<'sockets'> = ({ one }) => one.keep('sockets', (signal) => listOf(one, signal));

async function listOf(one: DeskCase, signal: AbortSignal): Promise<SocketList> {
  const { images } = one.checkpoint;
  const open = await one.open();
  const listed: Socket[] = [];
  let total = 0;
  for await (const socket of readSockets(images, open, { signal })) {
    total += 1;
    if (listed.length < MOST) listed.push(socket);
  }
  const doors = new Doors(listed);
  const facts = listed.map((socket) => factsOf(socket, open, doors));
  const pids = new Set(facts.flatMap(({ holders }) => holders.map(({ pid }) => pid)));
  const names = (await one.processes())
    .filter(({ pid }) => pids.has(pid))
    .map(({ pid, comm }) => ({ pid, name: comm ?? null }));
  return { sockets: facts, total, names };
}

function factsOf(socket: Socket, open: OpenFiles, doors: Doors): SocketFacts {
  const { fileId } = socket;
  const held = open.holders(fileId);
  const peer = 'peer' in socket ? socket.peer : undefined;
  return {
    fileId,
    ...{ kind: socketKind(socket), group: groupOf(socket), state: 'state' in socket ? socket.state : 'close' },
    ...{ role: roleOf(socket), local: localOf(socket), remote: remoteOf(socket) },
    remoteHost: 'remote' in socket && socket.remote.port !== 0 ? socket.remote.address : null,
    peer: { place: peer?.place ?? 'none', fileId: peer && 'fileId' in peer ? peer.fileId : null },
    ...doors.of(socket),
    holders: held.slice(0, MOST_HOLDERS).map(({ pid, fd }) => ({ pid, fd: String(fd) })),
    holdersTotal: held.length,
    ...queuesOf(socket),
    backlog: 'backlog' in socket ? (socket.backlog ?? null) : null,
  };
}

/** Packets of the wire are the network, whatever family they are read by. */
function groupOf({ family }: Socket): SocketFacts['group'] {
  return family === 'unix' ? 'unix' : family === 'netlink' ? 'other' : 'internet';
}

function roleOf(socket: Socket): SocketFacts['role'] {
  if ('state' in socket && socket.state === 'listen') return 'listens';
  switch (socket.family) {
    case 'unix':
      if (socket.peerInode !== 0) return 'speaks';
      return socket.type === 'dgram' && socket.name !== '' ? 'listens' : 'idle';
    case 'packet':
      return 'listens';
    case 'netlink':
      return 'idle';
    default:
      if (socket.remote.port !== 0) return 'speaks';
      return socket.type === 'raw' || (socket.type === 'dgram' && socket.local.port !== 0) ? 'listens' : 'idle';
  }
}

function localOf(socket: Socket): string {
  switch (socket.family) {
    case 'unix':
      return socket.name || `[${socket.inode}]`;
    case 'netlink':
      return `port ${socket.portId}`;
    case 'packet':
      return `${socket.protocol} on ${socket.interface ?? 'all devices'}`;
    default:
      return socket.type === 'raw' ? `all ${socket.protocol} at ${socket.local.address}` : endpointText(socket.local);
  }
}

function remoteOf(socket: Socket): string | null {
  if (socket.family === 'unix') return socket.peerInode === 0 ? null : `[${socket.peerInode}]`;
  if (socket.family === 'netlink') return 'kernel';
  return 'remote' in socket && socket.remote.port !== 0 ? endpointText(socket.remote) : null;
}

function queuesOf(socket: Socket): { received: QueueFacts; sent: QueueFacts } {
  const none = { bytes: null, things: [] };
  if ('state' in socket && socket.state === 'listen') return { received: none, sent: none };
  const received = bytesOf(socket.receiveQueue);
  const sent = bytesOf(socket.sendQueue);
  const readable = (bytes: number | null, things: () => readonly string[]) => ({
    bytes,
    things: bytes === null || bytes === 0 ? [] : things(),
  });
  if (socket.family === 'unix') {
    const { fileId, type, messages = 1, peer } = socket;
    const mine = () =>
      type === 'stream'
        ? [`socket:${fileId}`]
        : Array.from({ length: Math.min(messages, MOST_DATAGRAMS) }, (_, at) => `socket:${fileId}-${at}`);
    // What this one sent lies in the queue of the other end.
    const theirs = () => (peer.place === 'here' && type === 'stream' ? [`socket:${peer.fileId}`] : []);
    return { received: readable(received, mine), sent: readable(sent, theirs) };
  }
  const inode = 'inode' in socket ? socket.inode.toString(16) : undefined;
  const stream = (part: string) => () => ('connection' in socket && socket.connection ? [`tcp:${inode}-${part}`] : []);
  return { received: readable(received, stream('received')), sent: readable(sent, stream('sent')) };
}

function bytesOf(queued: Queued): number | null {
  return queued.state === 'present' ? queued.bytes : null;
}

const WILDCARDS = new Set(['0.0.0.0', '::', '::ffff:0.0.0.0']);

/** Sockets that take connections, by where: who is connected by way of which of them. */
class Doors {
  readonly #byPort = new Map<string, { address: string; fileId: number }[]>();
  readonly #byName = new Map<string, number>();
  readonly #unixNames = new Map<number, string>();

  constructor(sockets: readonly Socket[]) {
    for (const socket of sockets) {
      if (socket.family === 'unix') {
        this.#unixNames.set(socket.fileId, socket.name);
        if (socket.state === 'listen' && socket.name !== '') this.#byName.set(socket.name, socket.fileId);
      } else if ('local' in socket && roleOf(socket) === 'listens' && socket.local.port !== 0) {
        const key = `${socket.protocol} ${socket.local.port}`;
        const doors = this.#byPort.get(key) ?? [];
        doors.push({ address: socket.local.address, fileId: socket.fileId });
        this.#byPort.set(key, doors);
      }
    }
  }

  of(socket: Socket): { door: number | null; isCalled: boolean } {
    if (roleOf(socket) !== 'speaks' || !('peer' in socket)) return { door: null, isCalled: false };
    const { peer } = socket;
    const called = socket.family === 'unix' ? this.#byName.get(socket.name) : this.#at(socket.protocol, socket.local);
    if (called !== undefined && called !== socket.fileId) return { door: called, isCalled: true };
    if (!('fileId' in peer)) return { door: null, isCalled: false };
    if (peer.place !== 'here') return { door: peer.fileId, isCalled: false };
    const other =
      socket.family === 'unix'
        ? this.#byName.get(this.#unixNames.get(peer.fileId) || '\0')
        : this.#at(socket.protocol, socket.remote);
    return { door: other ?? null, isCalled: false };
  }

  #at(protocol: string, { address, port }: Endpoint): number | undefined {
    const doors = this.#byPort.get(`${protocol} ${port}`) ?? [];
    const exact = doors.find((door) => door.address === address) ?? doors.find((door) => WILDCARDS.has(door.address));
    return exact?.fileId;
  }
}
