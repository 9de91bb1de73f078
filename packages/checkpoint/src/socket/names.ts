/** Numbers that all kinds of sockets share, by name (Linux uapi). */
import { nameOfNumber } from '../flag-names.ts';

/** Numbers of IPPROTO_*. */
const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'ip',
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
  255: 'raw',
  262: 'mptcp',
};
/** Kernel's TCP states (tcp_states.h), used for all others too: 1 connected, 7 not. */
const STATES: readonly string[] = [
  'unknown',
  'established',
  'syn-sent',
  'syn-received',
  'fin-wait-1',
  'fin-wait-2',
  'time-wait',
  'close',
  'close-wait',
  'last-ack',
  'listen',
  'closing',
];
const TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 3: 'raw', 5: 'seqpacket', 10: 'packet' };

/** `tcp`; `protocol-<n>` for one without a name. */
export const protocolName = (protocol: number): string => nameOfNumber(protocol, PROTOCOLS, 'protocol');

/** `listen`; `state-<n>` for one without a name. */
export const stateName = (state: number): string => STATES[state] ?? `state-${state}`;

/** `stream`; `type-<n>` for one without a name. */
export const socketTypeName = (type: number): string => nameOfNumber(type, TYPES, 'type');

/** The text of sun_path: a path, `@name` for an abstract one, empty for none. Raw text. */
export function unixName(name: Uint8Array): string {
  const abstract = name[0] === 0;
  const text = new TextDecoder().decode(abstract ? name.subarray(1) : name);
  // The kernel pads a path with one NUL; inside an abstract name NULs are part of it.
  return abstract ? `@${text}` : text.replace(/\0+$/, '');
}
