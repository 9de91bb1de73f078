/** What CRIU saved of an established TCP connection (tcp-stream-<hex inode>.img). checkpoint-spec 7.7. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { tcp_stream_entry } from '@stillframe/criu-image/proto';
import { isDamaged } from '../fd/damage.ts';
import { type NamedBits, namesOfBits } from '../flag-names.ts';
import { notQueued, type Queued, queuedBytes } from '../queued.ts';
import { recorded } from '../recorded.ts';

/** The connection as the kernel had it. */
export interface TcpConnection {
  /** Bytes that have arrived and nobody read. */
  readonly received: number;
  /** Bytes that were written and the other end has not confirmed; `unsent` of them never left (undefined: not recorded). */
  readonly unconfirmed: number;
  readonly unsent: number | undefined;
  /** Sequence numbers behind the last byte of each queue. */
  readonly receiveSequence: number;
  readonly sendSequence: number;
  /** What both ends agreed on: `timestamps`, `sack`, `wscale`… */
  readonly negotiated: readonly string[];
  /** Shifts of the windows; undefined without `wscale`. */
  readonly sendWindowScale: number | undefined;
  readonly receiveWindowScale: number | undefined;
  readonly maximumSegment: number;
  /** The connection's clock; undefined without `timestamps`. */
  readonly timestamp: number | undefined;
  /** Bytes, scaled; undefined where they were not recorded. */
  readonly sendWindow: number | undefined;
  readonly receiveWindow: number | undefined;
  readonly largestSendWindow: number | undefined;
}

/** TCPI_OPT_* (uapi tcp.h). */
const NEGOTIATED: NamedBits = [
  ['timestamps', 1],
  ['sack', 2],
  ['wscale', 4],
  ['ecn', 8],
  ['ecn-seen', 16],
  ['syn-data', 32],
  ['usec-timestamps', 64],
  ['fast-open-child', 128],
];
const WSCALE = 4;

/** The connection of a socket, or why its queues are not known. */
export type TcpStream =
  | { readonly state: 'present'; readonly connection: TcpConnection; readonly entry: tcp_stream_entry }
  | Extract<Queued, { state: 'absent' }>;

const ABSENT = {
  missing: { state: 'absent', reason: 'missing' },
  unreadable: { state: 'absent', reason: 'unreadable' },
} as const;

/** Reads the message and none of the content. A connection dumped with `tcp-close` has no such image. */
export async function readTcpStream(images: ImageSet, inode: number, options: SignalOptions = {}): Promise<TcpStream> {
  const entry = await images.single('tcp-stream', inode, options);
  if (entry) return { state: 'present', connection: connectionOf(entry), entry };
  return isDamaged(images, 'tcp-stream', inode) ? ABSENT.unreadable : ABSENT.missing;
}

function connectionOf(entry: tcp_stream_entry): TcpConnection {
  return {
    received: entry.inqLen,
    unconfirmed: entry.outqLen,
    unsent: recorded(entry, 'unsqLen'),
    receiveSequence: entry.inqSeq,
    sendSequence: entry.outqSeq,
    negotiated: namesOfBits(entry.optMask, NEGOTIATED),
    sendWindowScale: (entry.optMask & WSCALE) === 0 ? undefined : entry.sndWscale,
    receiveWindowScale: recorded(entry, 'rcvWscale'),
    maximumSegment: entry.mssClamp,
    timestamp: recorded(entry, 'timestamp'),
    sendWindow: recorded(entry, 'sndWnd'),
    receiveWindow: recorded(entry, 'rcvWnd'),
    largestSendWindow: recorded(entry, 'maxWindow'),
  };
}

/** Bytes in both queues of a connection. */
export function tcpQueues(stream: TcpStream): { receive: Queued; send: Queued } {
  if (stream.state === 'absent') return { receive: stream, send: stream };
  const { received, unconfirmed } = stream.connection;
  return { receive: queuedBytes(received), send: queuedBytes(unconfirmed) };
}

/** Queues of which CRIU writes nothing. */
export const NOT_CAPTURED = { receive: notQueued('not-captured'), send: notQueued('not-captured') };
