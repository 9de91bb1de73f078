/** Sockets of the Internet protocols. */
import type { core_entry_march, inet_sk_entry } from '@stillframe/criu-image/proto';
import { ownerOf } from '../fd/file-owner.ts';
import { queuedBytes } from '../queued.ts';
import { recorded } from '../recorded.ts';
import { addressText, isMapped } from './address.ts';
import { protocolName, socketTypeName, stateName } from './names.ts';
import { inetOptions } from './options.ts';
import type { InetSocket, Peer, Shutdown } from './socket.ts';
import { NOT_CAPTURED, type TcpStream, tcpQueues } from './tcp.ts';

const TCP = 6;
const RAW = 3;
const LISTEN = 10;
const CLOSE = 7;
const FAMILIES: Readonly<Record<number, 'ipv4' | 'ipv6'>> = { 2: 'ipv4', 10: 'ipv6' };
const SHUTDOWNS: readonly Shutdown[] = ['none', 'read', 'write', 'both'];

/** sk_shutdown by name. */
export const shutdownName = (value: number): Shutdown => SHUTDOWNS[value] ?? 'unknown';

/** Whether CRIU saves the stream of such a socket: a TCP connection, whatever its state. */
export function hasStream({ type, proto, dstPort, state }: inet_sk_entry): boolean {
  return type !== RAW && proto === TCP && dstPort !== 0 && state !== LISTEN && state !== CLOSE;
}

/** `stream`: of a socket that has one. */
export function inetSocket(
  entry: inet_sk_entry,
  peer: Peer,
  stream: TcpStream | undefined,
  machine: core_entry_march,
): InetSocket {
  const { id, type, proto, state, ino, flags, backlog, fown } = entry;
  const queues = stream ? tcpQueues(stream) : unsavedQueues(entry);
  const saved = stream?.state === 'present' ? stream : undefined;
  return {
    fileId: id,
    family: FAMILIES[entry.family] ?? 'unknown',
    type: socketTypeName(type),
    protocol: protocolName(proto),
    state: stateName(state),
    inode: ino,
    flags,
    namespace: recorded(entry, 'nsId'),
    local: { address: addressText(entry.srcAddr), port: entry.srcPort },
    remote: { address: addressText(entry.dstAddr), port: entry.dstPort },
    backlog: state === LISTEN ? backlog : undefined,
    scope: recorded(entry, 'ifname'),
    shutdown: shutdownName(entry.shutdown),
    receiveQueue: queues.receive,
    sendQueue: queues.send,
    peer,
    options: inetOptions(entry, saved?.entry),
    connection: saved?.connection,
    owner: fown && ownerOf(fown, machine),
  };
}

/** A TCP socket without a connection has nothing to wait in it; of all others CRIU drops what waits. */
function unsavedQueues({ type, proto, state }: inet_sk_entry) {
  if (type !== RAW && proto === TCP && state === CLOSE) return { receive: queuedBytes(0), send: queuedBytes(0) };
  return NOT_CAPTURED;
}

/**
 * Two keys of a socket with a remote end: its own, and that which the other end has if it is in the same network namespace.
 * An IPv4 address in the dress of IPv6 is the IPv4 address.
 */
export function connectionKeys(entry: inet_sk_entry): { own: string; other: string } | undefined {
  if (entry.dstPort === 0) return undefined;
  const namespace = recorded(entry, 'nsId') ?? '';
  const local = `${addressKey(entry.srcAddr)}:${entry.srcPort}`;
  const remote = `${addressKey(entry.dstAddr)}:${entry.dstPort}`;
  const common = `${namespace} ${entry.proto}`;
  return { own: `${common} ${local} ${remote}`, other: `${common} ${remote} ${local}` };
}

/** The place that a socket which takes whatever comes listens at, and that which a connected one sends to. */
export function placeKeys(entry: inet_sk_entry): { bound: string | undefined; target: string | undefined } {
  const common = `${recorded(entry, 'nsId') ?? ''} ${entry.proto}`;
  return {
    bound:
      entry.dstPort === 0 && entry.srcPort !== 0
        ? `${common} ${addressKey(entry.srcAddr)}:${entry.srcPort}`
        : undefined,
    target: entry.dstPort === 0 ? undefined : `${common} ${addressKey(entry.dstAddr)}:${entry.dstPort}`,
  };
}

function addressKey(words: readonly number[]): string {
  return (isMapped(words) ? words.slice(3) : words.slice(0, 4)).join('.');
}
