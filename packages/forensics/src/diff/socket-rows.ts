/** Sockets: new listeners, connections that came and went, and what changed of those that stayed. */
import { endpointText } from '@stillframe/checkpoint';
import type { SocketRow } from '../analysers/sockets.ts';
import { compareThings, type Thing } from './keyed.ts';
import type { Comparison } from './process-rows.ts';
import type { DiffRow, Facts } from './row.ts';

/** Holders that are named; a forger makes as many as he likes. */
const HOLDERS = 16;

interface SocketThing extends Thing {
  /** The kernel's number: the same as long as the socket lives. */
  readonly inode: string | undefined;
  /** Without what a client's end has by chance: its port. */
  readonly remote: string;
}

/**
 * A socket is the same where the kernel's number is, else where its ends are: numbers are lost with a restore. Connections of
 * siblings have ends of their own, so they are paired by the other end.
 */
export function* socketRows({ before, after, processes, sibling }: Comparison): Generator<DiffRow> {
  const told = (labels: ReadonlyMap<number, string>) => (socket: SocketRow) => thingOf(socket, labels, sibling);
  const keys = sibling
    ? [({ key }: SocketThing) => key, ({ remote }: SocketThing) => remote]
    : [({ inode }: SocketThing) => inode, ({ key }: SocketThing) => key];
  yield* compareThings(
    'sockets',
    before.sockets.map(told(processes.before)),
    after.sockets.map(told(processes.after)),
    keys,
  );
}

function thingOf(socket: SocketRow, labels: ReadonlyMap<number, string>, sibling: boolean): SocketThing {
  const { fileId, family, type, holders, receiveQueue, sendQueue } = socket;
  const holder = holders[0] === undefined ? 'none' : (labels.get(holders[0].pid) ?? String(holders[0].pid));
  const { name, remote, facts } = endsOf(socket, sibling);
  const numbers = { holders: holders.slice(0, HOLDERS).map(({ pid, fd }) => `${labels.get(pid) ?? pid}/${fd}`) };
  return {
    key: name,
    label: name,
    inode: 'inode' in socket && socket.inode !== 0 ? `${family} ${socket.inode}` : undefined,
    remote: `${remote} ${holder}`,
    facts: { family, type, ...facts, ...numbers, receiveQueue, sendQueue },
    more: { holderCount: holders.length, options: socket.options },
    reference: { kind: 'socket', fileId },
  };
}

/** Name and ends of a socket. */
function endsOf(socket: SocketRow, sibling: boolean): { name: string; remote: string; facts: Facts } {
  switch (socket.family) {
    case 'unix': {
      const { type, state, name, deleted, shutdown, peer, pending, messages } = socket;
      const called = `unix-${type} ${name === '' ? (sibling ? 'unnamed' : `[${socket.inode}]`) : name} ${state}`;
      const facts = { state, name, deleted, shutdown, peer: peer.place, pending, messages };
      return { name: called, remote: called, facts };
    }
    case 'netlink': {
      const { protocol, state, portId, groups } = socket;
      const facts = { protocol, state, groups, ...(sibling ? {} : { portId }) };
      const kind = `netlink-${protocol}`;
      return { name: sibling ? kind : `${kind} port ${portId}`, remote: kind, facts };
    }
    case 'packet': {
      const { protocol, interface: device } = socket;
      const name = `packet ${protocol} on ${device ?? 'any'}`;
      return { name, remote: name, facts: { protocol, interface: device } };
    }
    default: {
      const { protocol, state, local, remote, shutdown, peer, backlog } = socket;
      const [here, there] = [endpointText(local), endpointText(remote)];
      const ends = remote.port === 0 ? here : `${here} → ${there}`;
      const places = sibling ? {} : { local: here, remote: there };
      const facts = { protocol, state, ...places, shutdown, peer: peer.place, backlog };
      const other = remote.port === 0 ? `port ${local.port}` : there;
      return { name: `${protocol} ${ends} ${state}`, remote: `${protocol} ${other} ${state}`, facts };
    }
  }
}
