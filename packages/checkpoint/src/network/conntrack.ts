/** Tracked and expected connections of a firewall, as CRIU writes the kernel's answers (nfnetlink_conntrack.h). */
import { viewOf } from '@stillframe/core';
import type { Report } from '@stillframe/criu-image';
import { type Attributes, byte, decodeAttributes, ipText, networkNumber, port, textOf } from './attributes.ts';
import { bitsIn, FAMILIES, nameIn, PROTOCOLS } from './names.ts';
import type { NetlinkMessage } from './netlink.ts';
import { faultOf } from './rtnetlink.ts';

/** One direction of a connection. Ports are undefined where the protocol has none. */
export interface ConnectionTuple {
  readonly protocol: string;
  readonly source: string | undefined;
  readonly sourcePort: number | undefined;
  readonly destination: string | undefined;
  readonly destinationPort: number | undefined;
}

/** What the packets and bytes of one direction came to, where the kernel counted. */
export interface ConnectionCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** A connection that the firewall follows. Reply is what comes back: another address there is a translation. */
export interface ConnectionRow {
  readonly family: string;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple | undefined;
  /** Of TCP: `established`… */
  readonly state: string | undefined;
  /** `seen-reply`, `assured`, `source-nat`… */
  readonly status: readonly string[];
  /** Seconds until it is forgotten. */
  readonly timeout: number | undefined;
  readonly mark: number | undefined;
  readonly sent: ConnectionCount | undefined;
  readonly received: ConnectionCount | undefined;
  /** `ftp`, `sip`…; raw text. */
  readonly helper: string | undefined;
}

const HEADER = 4;
const FAMILY_AT = 0;
/** The upper byte of a message's type: NFNL_SUBSYS_CTNETLINK, and that of expectations. */
const SUBSYSTEMS = { connection: 1, expectation: 2 } as const;

/** enum tcp_conntrack. */
const STATES = {
  ...{ 0: 'none', 1: 'syn-sent', 2: 'syn-received', 3: 'established', 4: 'fin-wait', 5: 'close-wait', 6: 'last-ack' },
  ...{ 7: 'time-wait', 8: 'close', 9: 'syn-sent-2' },
};
/** IPS_*. */
const STATUS = {
  ...{ 1: 'expected', 2: 'seen-reply', 4: 'assured', 8: 'confirmed', 16: 'source-nat' },
  ...{ 32: 'destination-nat', 64: 'sequence-adjust', 128: 'source-nat-done', 256: 'destination-nat-done' },
  ...{ 512: 'dying', 1024: 'fixed-timeout', 2048: 'template', 4096: 'untracked', 8192: 'helper' },
  16384: 'offload',
};

/** A tracked connection; undefined for another message, and after a report for one that says nothing. */
export function decodeConnection(message: NetlinkMessage, report: Report): ConnectionRow | undefined {
  const found = bodyOf(message, SUBSYSTEMS.connection, report);
  if (!found) return undefined;
  const { attributes, nested, family } = found;
  const original = tupleOf(nested(attributes.get(1)), nested);
  const timeout = networkNumber(attributes.get(7));
  const mark = networkNumber(attributes.get(8));
  const tcp = nested(nested(attributes.get(4)).get(1));
  const state = byte(tcp.get(1));
  return {
    family,
    original,
    reply: attributes.has(2) ? tupleOf(nested(attributes.get(2)), nested) : undefined,
    state: state === undefined ? undefined : nameIn(STATES, state, 'state'),
    status: bitsIn(STATUS, Number(networkNumber(attributes.get(3)) ?? 0n) | 0),
    timeout: timeout === undefined ? undefined : Number(timeout),
    mark: mark === undefined ? undefined : Number(mark),
    sent: countOf(nested(attributes.get(9))),
    received: countOf(nested(attributes.get(10))),
    helper: textOf(nested(attributes.get(5)).get(1)),
  };
}

/** A connection that a helper expects, such as the data channel of FTP; told as `decodeConnection` does. */
export function decodeExpectation(message: NetlinkMessage, report: Report): ConnectionRow | undefined {
  const found = bodyOf(message, SUBSYSTEMS.expectation, report);
  if (!found) return undefined;
  const { attributes, nested, family } = found;
  const timeout = networkNumber(attributes.get(4));
  return {
    family,
    original: tupleOf(nested(attributes.get(2)), nested),
    ...{ reply: undefined, state: undefined, status: [], mark: undefined, sent: undefined, received: undefined },
    timeout: timeout === undefined ? undefined : Number(timeout),
    helper: textOf(attributes.get(6)),
  };
}

type Nested = (bytes: Uint8Array | undefined) => Attributes;

function bodyOf(message: NetlinkMessage, subsystem: number, report: Report) {
  if (message.type >> 8 !== subsystem) return undefined;
  const fault = faultOf(report, message);
  const { payload } = message;
  if (payload.length < HEADER) {
    fault(`a message has ${payload.length} bytes where ${HEADER} are the fixed part`);
    return undefined;
  }
  const nested: Nested = (bytes) => (bytes ? decodeAttributes(bytes, 0, fault) : new Map());
  const family = nameIn(FAMILIES, viewOf(payload).getUint8(FAMILY_AT), 'family');
  return { attributes: decodeAttributes(payload, HEADER, fault), nested, family };
}

function tupleOf(tuple: Attributes, nested: Nested): ConnectionTuple {
  const [addresses, protocol] = [nested(tuple.get(1)), nested(tuple.get(2))];
  const number = byte(protocol.get(1));
  return {
    protocol: number === undefined ? 'unknown' : nameIn(PROTOCOLS, number, 'protocol'),
    source: ipText(addresses.get(1) ?? addresses.get(3)),
    sourcePort: port(protocol.get(2)),
    destination: ipText(addresses.get(2) ?? addresses.get(4)),
    destinationPort: port(protocol.get(3)),
  };
}

function countOf(counters: Attributes): ConnectionCount | undefined {
  const [packets, bytes] = [networkNumber(counters.get(1)), networkNumber(counters.get(2))];
  return packets === undefined && bytes === undefined ? undefined : { packets: packets ?? 0n, bytes: bytes ?? 0n };
}
