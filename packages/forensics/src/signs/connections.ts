/** Connections that a process of the container made, or is about to. */

import type { Tables } from '../analysers/index.ts';
import type { SocketRow } from '../analysers/sockets.ts';
import type { EvidenceReference } from '../reference.ts';

export type InetRow = Extract<SocketRow, { family: 'ipv4' | 'ipv6' | 'unknown' }>;

/** Sockets of the Internet protocols. */
export function inetSockets({ sockets }: Pick<Tables, 'sockets'>): readonly InetRow[] {
  return sockets.filter(
    (socket) => socket.family !== 'unix' && socket.family !== 'netlink' && socket.family !== 'packet',
  );
}

const UNDER_WAY = /^(?:established|syn-sent|fin-wait-1|fin-wait-2|close-wait|last-ack|closing)$/;

/** Those that lead away: the other end is not in the checkpoint, and they were not taken from a port that it listens on. */
export function outgoing(tables: Pick<Tables, 'sockets'>): readonly InetRow[] {
  const all = inetSockets(tables);
  const listening = new Set(all.filter(({ state }) => state === 'listen').map(({ local }) => local.port));
  return all.filter(
    ({ type, state, remote, local, peer }) =>
      type !== 'raw' &&
      UNDER_WAY.test(state) &&
      remote.port !== 0 &&
      !listening.has(local.port) &&
      peer.place !== 'here' &&
      peer.place !== 'listener',
  );
}

/** Who has it, then the socket itself. */
export function socketReferences({
  holders,
  fileId,
}: Pick<SocketRow, 'holders' | 'fileId'>): [EvidenceReference, ...EvidenceReference[]] {
  const itself: EvidenceReference = { kind: 'socket', fileId };
  const [first, ...rest] = [
    ...holders.slice(0, 8).map(({ pid, fd }): EvidenceReference => ({ kind: 'fd', pid, fd })),
    itself,
  ];
  return [first ?? itself, ...rest];
}
