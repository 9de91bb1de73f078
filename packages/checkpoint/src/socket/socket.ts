/** One socket of a dump, by family. Names, addresses and devices are raw text of the evidence. */
import type { SignalOwner } from '../fd/file-owner.ts';
import type { Queued } from '../queued.ts';
import type { Endpoint } from './address.ts';
import type { SocketOptions } from './options.ts';
import type { TcpConnection } from './tcp.ts';

/** What all families have. */
interface Common {
  /** CRIU's id of the open file, by which holders are found. */
  readonly fileId: number;
  /** `stream`, `dgram`, `raw`, `seqpacket`… */
  readonly type: string;
  /** open(2) flags. */
  readonly flags: number;
  /** CRIU's id of the network namespace; undefined in dumps of old CRIU. */
  readonly namespace: number | undefined;
  readonly receiveQueue: Queued;
  readonly sendQueue: Queued;
  readonly options: SocketOptions;
  /** Who gets SIGIO. */
  readonly owner: SignalOwner | undefined;
}

/** Half of a connection that was closed by shutdown(2). */
export type Shutdown = 'none' | 'read' | 'write' | 'both' | 'unknown';

/**
 * Where the other end is. `here`: the file of this id is the other end. `listener`: a listening socket of this checkpoint,
 * which has not accepted the connection yet. `address`: a socket that gets what is sent, and is not connected to this one.
 * `outside`: not in the checkpoint.
 */
export type Peer =
  | { readonly place: 'none' }
  | { readonly place: 'here' | 'listener' | 'address'; readonly fileId: number }
  | { readonly place: 'outside' };

export interface InetSocket extends Common {
  readonly family: 'ipv4' | 'ipv6' | 'unknown';
  /** `tcp`, `udp`, `icmp`…; of a raw socket the protocol inside. */
  readonly protocol: string;
  readonly state: string;
  readonly inode: number;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Connections that may wait to be accepted; undefined where it does not listen. */
  readonly backlog: number | undefined;
  /** Device of a link-local address. */
  readonly scope: string | undefined;
  readonly shutdown: Shutdown;
  readonly peer: Peer;
  /** Of a TCP connection whose stream was dumped. */
  readonly connection: TcpConnection | undefined;
}

export interface UnixSocket extends Common {
  readonly family: 'unix';
  readonly state: string;
  readonly inode: number;
  /** Path, `@name` for an abstract one, empty for an unnamed one. */
  readonly name: string;
  /** Folder that a relative path begins in. */
  readonly folder: string | undefined;
  /** Whether the path was unlinked. */
  readonly deleted: boolean;
  readonly permissions: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined;
  /** Inode of the other end; 0 for none. */
  readonly peerInode: number;
  readonly peer: Peer;
  readonly backlog: number | undefined;
  /** Connections that wait to be accepted, of a listening one. */
  readonly pending: number;
  /** Messages in the receive queue; undefined where the queue is not known. */
  readonly messages: number | undefined;
  /** Files in flight in the receive queue, by CRIU's id; the first ones, and how many there are. */
  readonly inFlight: readonly number[];
  readonly inFlightCount: number;
  /** Kernel memory in bytes that what was sent and not read takes, as ss(8) shows it; undefined of a listening one. */
  readonly sendMemory: number | undefined;
  readonly shutdown: Shutdown;
  /** Not part of the dumped tree: CRIU wrote it down as the other end of one that is (ext-unix-sk). */
  readonly external: boolean;
}

export interface NetlinkSocket extends Common {
  readonly family: 'netlink';
  /** `route`, `audit`… */
  readonly protocol: string;
  readonly state: string;
  readonly inode: number;
  readonly portId: number;
  /** Numbers of the multicast groups it listens to. */
  readonly groups: readonly number[];
  readonly remotePortId: number;
  readonly remoteGroup: number;
}

export interface PacketSocket extends Common {
  readonly family: 'packet';
  /** Ethernet protocol in base 16 with its name, as `0x0806 arp`. */
  readonly protocol: string;
  readonly interfaceIndex: number;
  /** Name of the interface; undefined for all of them, and where the dump does not name it. */
  readonly interface: string | undefined;
  /** Memory shared with the kernel, in bytes. */
  readonly receiveRing: number | undefined;
  readonly sendRing: number | undefined;
  /** Number and mode of the group that shares packets; undefined for none. */
  readonly fanout: number | undefined;
}

export type Socket = InetSocket | UnixSocket | NetlinkSocket | PacketSocket;

/** `tcp`, `udp`, `unix-stream`, `netlink-route`, `packet-raw`; a raw socket with the protocol inside. */
export function socketKind(socket: Socket): string {
  switch (socket.family) {
    case 'unix':
      return `unix-${socket.type}`;
    case 'netlink':
      return `netlink-${socket.protocol}`;
    case 'packet':
      return `packet-${socket.type}`;
    default:
      return socket.type === 'raw' ? `raw-${socket.protocol}` : socket.protocol;
  }
}
