/**
 * A stretch of a TCP stream as a capture file: classic pcap with LINKTYPE_RAW, made-up IP and TCP headers, no handshake.
 * Sources: draft-ietf-opsawg-pcap, RFC 791, RFC 8200, RFC 9293, RFC 1071.
 */
import type { ByteSource } from '@stillframe/core';
import type { SignalOptions } from '@stillframe/criu-image';
import type { Content, Piece } from './content.ts';

/** An end of a connection: four or sixteen bytes of address in network order. */
export interface TcpEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** Bytes that went, or were to go, one way. */
export interface TcpStretch {
  readonly from: TcpEnd;
  readonly to: TcpEnd;
  /** Of the first byte. */
  readonly sequence: number;
  /** What `from` had taken of the other direction. */
  readonly acknowledged: number;
  /** As it stands in the header, so not yet scaled. */
  readonly window: number;
  readonly data: ByteSource;
}

const LINKTYPE_RAW = 101;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const TCP_HEADER = 20;
const SNAPLEN = 65_535;
const ACK = 0x10;
const PSH = 0x08;

/** The stretches one behind the other, all at the same instant: seconds since 1970. Both ends have addresses of one length. */
export function pcapContent(stretches: readonly TcpStretch[], time: number): Content {
  const sizes = stretches.map(({ from, data }) => {
    const packets = Math.ceil(data.size / segmentBytes(from));
    return data.size + packets * (RECORD_HEADER + ipHeaderBytes(from) + TCP_HEADER);
  });
  return {
    size: BigInt(sizes.reduce((sum, size) => sum + size, FILE_HEADER)),
    async *pieces(options = {}) {
      yield { state: 'data', offset: 0, bytes: fileHeader() };
      let offset = FILE_HEADER;
      for (const [index, stretch] of stretches.entries()) {
        yield* packetsOf(stretch, offset, time, options);
        offset += sizes[index] ?? 0;
      }
    },
  };
}

async function* packetsOf(
  stretch: TcpStretch,
  start: number,
  time: number,
  options: SignalOptions,
): AsyncGenerator<Piece> {
  const { data, from } = stretch;
  const headers = ipHeaderBytes(from) + TCP_HEADER;
  const segment = segmentBytes(from);
  const record = Buffer.alloc(RECORD_HEADER + headers + Math.min(segment, data.size));
  let offset = start;
  for (let done = 0; done < data.size; done += segment) {
    options.signal?.throwIfAborted();
    const length = Math.min(segment, data.size - done);
    const payload = record.subarray(RECORD_HEADER + headers, RECORD_HEADER + headers + length);
    const read = await data.readInto(done, payload, { signal: options.signal });
    payload.fill(0, read);
    const flags = done + length === data.size ? ACK | PSH : ACK;
    const bytes = record.subarray(0, RECORD_HEADER + headers + length);
    writeRecordHeader(bytes, headers + length, time);
    writeIpHeader(bytes.subarray(RECORD_HEADER), stretch, TCP_HEADER + length);
    writeTcpHeader(bytes.subarray(RECORD_HEADER + headers - TCP_HEADER), stretch, stretch.sequence + done, flags);
    yield { state: 'data', offset, bytes };
    offset += bytes.length;
  }
}

function fileHeader(): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER);
  // Microseconds; the reader tells the byte order from it.
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAPLEN, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  return header;
}

function writeRecordHeader(record: Buffer, length: number, time: number): void {
  const seconds = Math.floor(time);
  record.writeUInt32LE(seconds >>> 0, 0);
  record.writeUInt32LE(Math.min(999_999, Math.round((time - seconds) * 1e6)), 4);
  record.writeUInt32LE(length, 8);
  record.writeUInt32LE(length, 12);
}

function ipHeaderBytes({ address }: TcpEnd): number {
  return address.length === 4 ? 20 : 40;
}

/** As much as a packet may have; how the bytes were parted on the wire no image says. */
function segmentBytes(from: TcpEnd): number {
  return SNAPLEN - ipHeaderBytes(from) - TCP_HEADER;
}

function writeIpHeader(packet: Buffer, { from, to }: TcpStretch, payload: number): void {
  if (from.address.length === 4) {
    packet.fill(0, 0, 20);
    packet[0] = 0x45;
    packet.writeUInt16BE(20 + payload, 2);
    // Not to be fragmented; time to live; TCP.
    packet.writeUInt16BE(0x4000, 6);
    packet[8] = 64;
    packet[9] = 6;
    packet.set(from.address, 12);
    packet.set(to.address, 16);
    packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
    return;
  }
  packet.fill(0, 0, 40);
  packet[0] = 0x60;
  packet.writeUInt16BE(payload, 4);
  packet[6] = 6;
  packet[7] = 64;
  packet.set(from.address, 8);
  packet.set(to.address, 24);
}

function writeTcpHeader(segment: Buffer, stretch: TcpStretch, sequence: number, flags: number): void {
  const { from, to, acknowledged, window } = stretch;
  segment.fill(0, 0, TCP_HEADER);
  segment.writeUInt16BE(from.port & 0xffff, 0);
  segment.writeUInt16BE(to.port & 0xffff, 2);
  segment.writeUInt32BE(sequence >>> 0, 4);
  segment.writeUInt32BE(acknowledged >>> 0, 8);
  segment[12] = (TCP_HEADER / 4) << 4;
  segment[13] = flags;
  segment.writeUInt16BE(Math.min(0xffff, window), 14);
  segment.writeUInt16BE(checksum(pseudoHeader(from, to, segment.length), segment), 16);
}

/** What TCP's checksum covers of the IP header; both versions give the same sum for it. */
function pseudoHeader(from: TcpEnd, to: TcpEnd, length: number): Buffer {
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(length, 0);
  rest[7] = 6;
  return Buffer.concat([from.address, to.address, rest]);
}

/** The Internet checksum. All parts but the last have an even number of bytes. */
function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
