/** What waits in the queues of TCP connections, both ways: the bytes, and as a capture (tcp-stream). checkpoint-spec 7.7. */
import { type ByteSource, sliceSource } from '@stillframe/core';
import { fileNameOf } from '@stillframe/criu-image';
import type { inet_sk_entry, tcp_stream_entry } from '@stillframe/criu-image/proto';
import { sourceContent } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';
import { filesBy } from './holders.ts';
import { pcapContent, type TcpEnd, type TcpStretch } from './pcap.ts';

/**
 * States in which the end of the data that comes in, or goes out, has a sequence number of its own, which the sequences of
 * the image count and the lengths do not: kernel's tcp_states.h; CRIU's soccr.c takes it off as well.
 */
const PEER_ENDED: ReadonlySet<number> = new Set([7, 8, 9, 11]);
const SELF_ENDED: ReadonlySet<number> = new Set([4, 5, 7, 9, 11]);
const AF_INET6 = 10;

/** Lists connections by the inode of the socket, in hexadecimal as their images are named. */
export async function* tcpQueues(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  const { images, metadata } = context.checkpoint;
  const sockets = filesBy(context.fileTable, ({ isk }) => isk?.ino);
  const time = secondsOf(metadata.checkpointed);
  for (const inode of images.ids('tcp-stream')) {
    const ids = sockets.get(inode) ?? [];
    const [first = -1] = ids;
    const socket = context.fileTable.entry(first)?.isk;
    for await (const { role, offset, message, payload } of images.records('tcp-stream', inode, context)) {
      const { received, sent } = payload;
      if (role !== 'entry' || received === undefined || sent === undefined) continue;
      const id = inode.toString(16);
      const name = nameOf(context, first);
      const source = { image: fileNameOf('tcp-stream', inode), offset };
      const holders = context.holders.ofFiles(ids);
      const connection = { form: 'file', kind: 'tcp', id, name, source, holders, isQueue: true } as const;
      const { incoming, outgoing } = sequencesOf(message, socket?.state ?? 0);
      const neverSent = Math.min(message.unsqLen, sent.size);
      yield {
        ...{ ...connection, part: 'received', file: `tcp-${id}-received.bin`, content: sourceContent(received) },
        facts: { fileIds: ids, sequence: incoming },
      };
      yield {
        ...{ ...connection, part: 'sent', file: `tcp-${id}-sent.bin`, content: sourceContent(sent) },
        facts: { fileIds: ids, sequence: outgoing, neverSent },
      };
      const capture = socket && stretchesOf(socket, message, received, sent);
      const facts = {
        ...{ fileIds: ids, handshake: 'not captured', neverSentLeftOut: neverSent },
        time: time === 0 ? 'unknown' : metadata.checkpointed,
      };
      const pcap = { ...connection, part: 'pcap', file: `tcp-${id}.pcap`, facts };
      if (capture === undefined)
        yield { ...pcap, content: undefined, without: 'the addresses of the connection are not known' };
      else if (capture.length > 0) yield { ...pcap, content: pcapContent(capture, time) };
      else if (neverSent > 0) yield { ...pcap, content: undefined, without: 'what waits had not gone out' };
      break;
    }
  }
}

/** Sequence numbers of the first byte of each queue. */
function sequencesOf({ inqSeq, inqLen, outqSeq, outqLen }: tcp_stream_entry, state: number) {
  const incoming = (inqSeq - inqLen - (PEER_ENDED.has(state) ? 1 : 0)) >>> 0;
  const outgoing = (outqSeq - outqLen - (SELF_ENDED.has(state) ? 1 : 0)) >>> 0;
  return { incoming, outgoing };
}

/** What came in, then what went out. What was written and had not gone out no wire has seen. */
function stretchesOf(
  socket: inet_sk_entry,
  stream: tcp_stream_entry,
  received: ByteSource,
  sent: ByteSource,
): readonly TcpStretch[] | undefined {
  const { local, remote } = endsOf(socket);
  if (!local || !remote) return undefined;
  const { incoming, outgoing } = sequencesOf(stream, socket.state);
  const windows = { in: windowOf(stream.sndWnd, stream.sndWscale), out: windowOf(stream.rcvWnd, stream.rcvWscale) };
  const inward = { from: remote, to: local, acknowledged: outgoing, window: windows.in };
  const outward = { from: local, to: remote, acknowledged: incoming + received.size, window: windows.out };
  const gone = sent.size - Math.min(stream.unsqLen, sent.size);
  return [
    { ...inward, sequence: incoming, data: received },
    { ...outward, sequence: outgoing, data: sliceSource(sent, 0, gone) },
  ].filter(({ data }) => data.size > 0);
}

function windowOf(bytes: number, scale: number): number {
  return scale > 14 ? bytes : bytes >>> scale;
}

/** Both ends; IPv4 where IPv6 only carries it, for that is what went over the wire. */
function endsOf({ family, srcAddr, dstAddr, srcPort, dstPort }: inet_sk_entry): { local?: TcpEnd; remote?: TcpEnd } {
  const length = family === AF_INET6 ? 16 : 4;
  const [local, remote] = [addressBytes(srcAddr, length), addressBytes(dstAddr, length)];
  if (!local || !remote) return {};
  const mapped = isMapped(local) && isMapped(remote);
  const plain = (address: Uint8Array) => (mapped ? address.subarray(12) : address);
  return { local: { address: plain(local), port: srcPort }, remote: { address: plain(remote), port: dstPort } };
}

/** Words in host order hold four bytes of network order each; CRIU's hosts are little-endian. */
function addressBytes(words: readonly number[], length: number): Uint8Array | undefined {
  if (words.length * 4 < length) return undefined;
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE((words[at / 4] ?? 0) >>> 0, at);
  return bytes;
}

/** ::ffff:0:0/96 (RFC 4291). */
function isMapped(address: Uint8Array): boolean {
  return address.length === 16 && address.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
}

function nameOf({ fileTable }: ExtractContext, id: number): string | undefined {
  const target = fileTable.target(id);
  if (target.type !== 'inet-socket') return undefined;
  const { local, remote, family } = target;
  const end = ({ address, port }: typeof local) => (family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`);
  return `${end(local)} → ${end(remote)}`;
}

/** Seconds since 1970; 0 where no time is recorded that a capture can hold. */
function secondsOf(time: string | undefined): number {
  const seconds = time === undefined ? Number.NaN : Date.parse(time) / 1000;
  return seconds >= 0 && seconds < 2 ** 32 ? seconds : 0;
}
