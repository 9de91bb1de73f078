/** Sockets that speak with the kernel or with a device: netlink and packet. CRIU dumps none whose queue is not empty. */
import type { core_entry_march, netlink_sk_entry, packet_ring, packet_sock_entry } from '@stillframe/criu-image/proto';
import { ownerOf } from '../fd/file-owner.ts';
import { nameOfNumber } from '../flag-names.ts';
import { queuedBytes } from '../queued.ts';
import { recorded } from '../recorded.ts';
import { socketTypeName, stateName } from './names.ts';
import { commonOptions } from './options.ts';
import type { NetlinkSocket, PacketSocket } from './socket.ts';
import { NOT_CAPTURED } from './tcp.ts';

/** NETLINK_* (uapi netlink.h). */
const NETLINK: Readonly<Record<number, string>> = {
  0: 'route',
  2: 'usersock',
  3: 'firewall',
  4: 'sock-diag',
  5: 'nflog',
  6: 'xfrm',
  7: 'selinux',
  8: 'iscsi',
  9: 'audit',
  10: 'fib-lookup',
  11: 'connector',
  12: 'netfilter',
  15: 'kobject-uevent',
  16: 'generic',
  18: 'scsi-transport',
  19: 'ecryptfs',
  20: 'rdma',
  21: 'crypto',
  22: 'smc',
};

export function netlinkSocket(entry: netlink_sk_entry, machine: core_entry_march): NetlinkSocket {
  const nothing = queuedBytes(0);
  return {
    fileId: entry.id,
    family: 'netlink',
    // The kernel makes no difference between the two types that it takes, and CRIU records neither.
    type: 'raw',
    protocol: nameOfNumber(entry.protocol, NETLINK, 'protocol'),
    state: stateName(entry.state),
    inode: entry.ino,
    flags: entry.flags,
    namespace: recorded(entry, 'nsId'),
    portId: entry.portid,
    groups: groupsOf(entry.groups),
    remotePortId: entry.dstPortid,
    remoteGroup: entry.dstGroup,
    receiveQueue: nothing,
    sendQueue: nothing,
    options: commonOptions(entry.opts),
    owner: entry.fown && ownerOf(entry.fown, machine),
  };
}

/** Words of a mask; bit n-1 stands for group n. CRIU takes no socket with more than one word. */
function groupsOf(words: readonly number[]): readonly number[] {
  return words
    .slice(0, 32)
    .flatMap((word, i) => Array.from({ length: 32 }, (_, bit) => ((word >>> bit) & 1 ? 32 * i + bit + 1 : 0)))
    .filter((group) => group > 0);
}

/** ETH_P_* (uapi if_ether.h), those one meets. */
const ETHERNET: Readonly<Record<number, string>> = {
  0: 'none',
  3: 'all',
  [0x800]: 'ip',
  [0x806]: 'arp',
  [0x8035]: 'rarp',
  [0x8100]: 'vlan',
  [0x86dd]: 'ipv6',
  [0x8863]: 'pppoe-discovery',
  [0x8864]: 'pppoe',
  [0x888e]: 'eapol',
  [0x88cc]: 'lldp',
};
/** What CRIU writes for a socket in no fanout group. */
const NO_FANOUT = 0xffffffff;

/** `nameOf`: an interface's name by its number, in the namespace of the socket. */
export function packetSocket(
  entry: packet_sock_entry,
  nameOf: (namespace: number | undefined, index: number) => string | undefined,
  machine: core_entry_march,
): PacketSocket {
  const { id, type, protocol, flags, ifindex, fanout, rxRing, txRing, fown } = entry;
  const namespace = recorded(entry, 'nsId');
  // In network byte order.
  const ethernet = ((protocol & 0xff) << 8) | ((protocol >>> 8) & 0xff);
  const name = ETHERNET[ethernet];
  return {
    fileId: id,
    family: 'packet',
    type: socketTypeName(type),
    protocol: `0x${ethernet.toString(16).padStart(4, '0')}${name === undefined ? '' : ` ${name}`}`,
    flags,
    namespace,
    interfaceIndex: ifindex,
    interface: ifindex === 0 ? undefined : nameOf(namespace, ifindex),
    receiveRing: rxRing && ringBytes(rxRing),
    sendRing: txRing && ringBytes(txRing),
    fanout: fanout === NO_FANOUT ? undefined : fanout,
    receiveQueue: NOT_CAPTURED.receive,
    sendQueue: NOT_CAPTURED.send,
    options: commonOptions(entry.opts),
    owner: fown && ownerOf(fown, machine),
  };
}

function ringBytes({ blockSize, blockNr }: packet_ring): number {
  return blockSize * blockNr;
}
