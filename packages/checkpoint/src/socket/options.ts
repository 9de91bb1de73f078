/** Options of sockets under the kernel's names: sk_opts_entry, ip_opts_entry, tcp_opts_entry. */
import type {
  inet_sk_entry,
  ip_opts_entry,
  sk_opts_entry,
  tcp_opts_entry,
  tcp_stream_entry,
} from '@stillframe/criu-image/proto';
import { recorded } from '../recorded.ts';

/**
 * Recorded options only: one that is not here is not known. Sizes are in bytes, timeouts in microseconds (0: none), SO_LINGER
 * in seconds, keepalive times in seconds, SO_ATTACH_FILTER is the number of BPF instructions.
 */
export type SocketOptions = Readonly<Record<string, OptionValue>>;
export type OptionValue = number | bigint | boolean | string;

const TCP = 6;

type Row = readonly [name: string, value: OptionValue | undefined];

/** Options that every kind of socket has. */
export function commonOptions(opts: sk_opts_entry | undefined): SocketOptions {
  if (!opts) return {};
  return optionsOf([
    ['SO_SNDBUF', opts.soSndbuf],
    ['SO_RCVBUF', opts.soRcvbuf],
    ['SO_BUF_LOCK', recorded(opts, 'soBufLock')],
    ['SO_SNDTIMEO', microseconds(opts.soSndTmoSec, opts.soSndTmoUsec)],
    ['SO_RCVTIMEO', microseconds(opts.soRcvTmoSec, opts.soRcvTmoUsec)],
    ['SO_RCVLOWAT', recorded(opts, 'soRcvlowat')],
    ['SO_PRIORITY', recorded(opts, 'soPriority')],
    ['SO_MARK', recorded(opts, 'soMark')],
    ['SO_REUSEADDR', recorded(opts, 'reuseaddr')],
    ['SO_REUSEPORT', recorded(opts, 'soReuseport')],
    ['SO_KEEPALIVE', recorded(opts, 'soKeepalive')],
    ['SO_BROADCAST', recorded(opts, 'soBroadcast')],
    ['SO_DONTROUTE', recorded(opts, 'soDontroute')],
    ['SO_NO_CHECK', recorded(opts, 'soNoCheck')],
    ['SO_PASSCRED', recorded(opts, 'soPasscred')],
    ['SO_PASSSEC', recorded(opts, 'soPasssec')],
    ['SO_OOBINLINE', truth(recorded(opts, 'soOobinline'))],
    ['SO_LINGER', recorded(opts, 'soLinger')],
    ['SO_BINDTODEVICE', recorded(opts, 'soBoundDev')],
    ['SO_ATTACH_FILTER', opts.soFilter.length || undefined],
  ]);
}

/** Those of a socket of the Internet protocols; `stream` has some of them in dumps of old CRIU. */
export function inetOptions(socket: inet_sk_entry, stream: tcp_stream_entry | undefined): SocketOptions {
  const { opts, ipOpts, tcpOpts } = socket;
  const isSix = socket.family === 10;
  return {
    ...commonOptions(opts),
    ...optionsOf([
      ['IPV6_V6ONLY', recorded(socket, 'v6only')],
      ...(ipOpts ? ipRows(ipOpts, isSix) : []),
      ...(socket.proto === TCP ? tcpRows(tcpOpts, opts, stream) : []),
    ]),
  };
}

/** CRIU records these only where they are set, but for those of raw sockets. */
function ipRows(opts: ip_opts_entry, isSix: boolean): Row[] {
  const { raw } = opts;
  return [
    [isSix ? 'IPV6_FREEBIND' : 'IP_FREEBIND', recorded(opts, 'freebind') ?? false],
    [isSix ? 'IPV6_RECVPKTINFO' : 'IP_PKTINFO', recorded(opts, 'pktinfo') ?? false],
    ['IP_TOS', isSix ? undefined : (recorded(opts, 'tos') ?? 0)],
    ['IP_TTL', recorded(opts, 'ttl')],
    [isSix ? 'IPV6_HDRINCL' : 'IP_HDRINCL', raw && recorded(raw, 'hdrincl')],
    ['IP_NODEFRAG', raw && recorded(raw, 'nodefrag')],
    ['IPV6_CHECKSUM', raw && recorded(raw, 'checksum')],
    [
      isSix ? 'ICMPV6_FILTER' : 'ICMP_FILTER',
      raw && raw.icmpvFilter.length > 0 ? hexWords(raw.icmpvFilter) : undefined,
    ],
  ];
}

/** CRIU records TCP_NODELAY and TCP_CORK only where they are set. Before 4.0 they stood with the stream, the rest with SO_*. */
function tcpRows(
  tcp: tcp_opts_entry | undefined,
  common: sk_opts_entry | undefined,
  stream: tcp_stream_entry | undefined,
): Row[] {
  const older = (field: 'tcpKeepidle' | 'tcpKeepintvl' | 'tcpKeepcnt') => common && recorded(common, field);
  return [
    ['TCP_NODELAY', tcp ? (recorded(tcp, 'nodelay') ?? false) : stream && recorded(stream, 'nodelay')],
    ['TCP_CORK', tcp ? (recorded(tcp, 'cork') ?? false) : stream && recorded(stream, 'cork')],
    ['TCP_KEEPIDLE', (tcp && recorded(tcp, 'keepidle')) ?? older('tcpKeepidle')],
    ['TCP_KEEPINTVL', (tcp && recorded(tcp, 'keepintvl')) ?? older('tcpKeepintvl')],
    ['TCP_KEEPCNT', (tcp && recorded(tcp, 'keepcnt')) ?? older('tcpKeepcnt')],
  ];
}

function optionsOf(rows: readonly Row[]): SocketOptions {
  return Object.fromEntries(rows.filter((row): row is readonly [string, OptionValue] => row[1] !== undefined));
}

const truth = (value: number | undefined) => (value === undefined ? undefined : value !== 0);

function microseconds(seconds: bigint, rest: bigint): bigint {
  return seconds * 1_000_000n + rest;
}

function hexWords(words: readonly number[]): string {
  return words
    .slice(0, 8)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}
