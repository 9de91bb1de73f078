import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource } from '@stillframe/core';
import { file_entrySchema, tcp_stream_entrySchema } from '@stillframe/criu-image/proto';
import fc from 'fast-check';
import { entry } from '../archive/tar.fixture.ts';
import { frame, image, madeCheckpoint, takeOut } from './made-checkpoint.fixture.ts';
import { pcapContent, type TcpStretch } from './pcap.ts';

interface Packet {
  seconds: number;
  from: string;
  to: string;
  sequence: number;
  acknowledged: number;
  flags: number;
  data: Buffer;
}

/** Reads a capture as RFC 791, 8200 and 9293 have it, and holds every checksum and length. */
function readPcap(bytes: Buffer): Packet[] {
  assert.equal(bytes.readUInt32LE(0), 0xa1b2c3d4);
  assert.deepEqual([bytes.readUInt16LE(4), bytes.readUInt16LE(6), bytes.readUInt32LE(20)], [2, 4, 101]);
  const packets: Packet[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    assert.equal(length, bytes.readUInt32LE(at + 12));
    assert.ok(length <= bytes.readUInt32LE(16));
    const seconds = bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) / 1e6;
    packets.push({ seconds, ...packetOf(bytes.subarray(at + 16, at + 16 + length)) });
    at += 16 + length;
  }
  return packets;
}

function packetOf(ip: Buffer): Omit<Packet, 'seconds'> {
  const four = (ip[0] ?? 0) >> 4 === 4;
  const header = four ? 20 : 40;
  if (four) assert.deepEqual([ip.readUInt16BE(2), sum(ip.subarray(0, 20))], [ip.length, 0xffff]);
  else assert.equal(ip.readUInt16BE(4), ip.length - 40);
  assert.equal(ip[four ? 9 : 6], 6, 'TCP');
  const [source, target] = four
    ? [ip.subarray(12, 16), ip.subarray(16, 20)]
    : [ip.subarray(8, 24), ip.subarray(24, 40)];
  const tcp = ip.subarray(header);
  const pseudo = Buffer.concat([source, target, Buffer.from([0, 0, tcp.length >> 8, tcp.length & 0xff, 0, 6])]);
  assert.equal(sum(Buffer.concat([pseudo, tcp])), 0xffff, 'checksum of TCP');
  const end = (address: Buffer, port: number) => `${address.toString('hex')}:${port}`;
  return {
    from: end(source, tcp.readUInt16BE(0)),
    to: end(target, tcp.readUInt16BE(2)),
    sequence: tcp.readUInt32BE(4),
    acknowledged: tcp.readUInt32BE(8),
    flags: tcp[13] ?? 0,
    data: tcp.subarray(20),
  };
}

/** One's complement sum of 16-bit words; 0xffff over a part with its own checksum. */
function sum(bytes: Buffer): number {
  let total = 0;
  for (const [at, byte] of bytes.entries()) total += at % 2 === 0 ? byte * 256 : byte;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** What was sent one way, put together by sequence number, and the number of its first byte. */
function reassemble(packets: readonly Packet[]): { data: Buffer; sequence: number | undefined } {
  let next = packets[0]?.sequence;
  for (const { sequence, data } of packets) {
    assert.equal(sequence, next);
    next = (sequence + data.length) % 2 ** 32;
  }
  return { data: Buffer.concat(packets.map(({ data }) => data)), sequence: packets[0]?.sequence };
}

async function capture(stretches: readonly TcpStretch[], time = 1): Promise<Buffer> {
  const content = pcapContent(stretches, time);
  const parts: Buffer[] = [];
  let end = 0;
  for await (const piece of content.pieces()) {
    assert.ok(piece.state === 'data' && piece.offset === end);
    parts.push(Buffer.from(piece.bytes));
    end += piece.bytes.length;
  }
  assert.equal(BigInt(end), content.size);
  return Buffer.concat(parts);
}

test('whatever waits between whatever ends comes out of the capture again', async () => {
  const address = fc.constantFrom(4, 16).chain((length) => fc.tuple(bytes(length), bytes(length)));
  const word = fc.nat(0xffff_ffff);
  const port = fc.nat(0xffff);
  const size = fc.oneof(fc.nat(2000), fc.constantFrom(65_475, 65_476, 65_495, 65_496, 131_000));
  const property = fc.asyncProperty(
    address,
    port,
    port,
    word,
    word,
    size,
    async ([a, b], from, to, sequence, acknowledged, length) => {
      const data = Buffer.alloc(length, 'abcdefg');
      const ends = { from: { address: a, port: from }, to: { address: b, port: to } };
      const packets = readPcap(
        await capture([{ ...ends, sequence, acknowledged, window: 70_000, data: bytesSource(data) }]),
      );
      assert.ok(reassemble(packets).data.equals(data));
      for (const packet of packets) {
        assert.equal(packet.from, `${Buffer.from(a).toString('hex')}:${from}`);
        assert.equal(packet.to, `${Buffer.from(b).toString('hex')}:${to}`);
        assert.equal(packet.acknowledged, acknowledged);
      }
      if (length > 0) assert.equal(packets[0]?.sequence, sequence);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

function bytes(length: number) {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** A socket with these queues, in the given state. */
function connection(
  state: number,
  family: 'ipv4' | 'ipv6' | 'mapped',
  queues: { in: string; out: string; unsent?: number },
) {
  const words = {
    ipv4: [[0x0100000a], [0x0200000a]],
    ipv6: [
      [0xb80d0120, 0, 0, 0x01000000],
      [0xb80d0120, 0, 0, 0x02000000],
    ],
  };
  const mapped = [
    [0, 0, 0xffff0000, 0x0100000a],
    [0, 0, 0xffff0000, 0x0200000a],
  ];
  const [srcAddr = [], dstAddr = []] = family === 'mapped' ? mapped : words[family];
  const isk = {
    id: 3,
    ino: 0xabc,
    family: family === 'ipv4' ? 2 : 10,
    type: 1,
    proto: 6,
    state,
    srcPort: 80,
    dstPort: 4242,
  };
  const stream = {
    inqLen: queues.in.length,
    inqSeq: 1000,
    outqLen: queues.out.length,
    outqSeq: 5,
    unsqLen: queues.unsent ?? 0,
  };
  const window = { sndWscale: 0, mssClamp: 1460, optMask: 0 };
  return {
    'files.img': image(0x56303138, [frame(file_entrySchema, { type: 2, id: 3, isk: { ...isk, srcAddr, dstAddr } })]),
    'tcp-stream-abc.img': Buffer.concat([
      image(0x51465506, [frame(tcp_stream_entrySchema, { ...stream, ...window })]),
      Buffer.from(queues.in + queues.out),
    ]),
  };
}

const config = entry('config.dump', JSON.stringify({ checkpointedTime: '2026-01-02T03:04:05.25Z' }));

async function packetsOf(...made: Parameters<typeof connection>): Promise<{ packets: Packet[]; facts: unknown[] }> {
  await using checkpoint = await madeCheckpoint(connection(...made), config);
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'tcp' }] });
  assert.deepEqual(checkpoint.diagnostics(), []);
  const facts = taken.files.map((file) => file.facts);
  return { packets: readPcap(await taken.read('tcp-abc.pcap')), facts };
}

const ESTABLISHED = 1;
const here = '0a000001:80';
const there = '0a000002:4242';

test('what came in and what goes out stand between the ends of the socket, with the sequence numbers of the image', async () => {
  const { packets, facts } = await packetsOf(ESTABLISHED, 'ipv4', { in: 'came in', out: 'goes out', unsent: 3 });
  assert.deepEqual(
    packets.map(({ from, to, sequence, acknowledged, data }) => [from, to, sequence, acknowledged, data.toString()]),
    [
      // The numbers of the image are those behind the last byte; that of what goes out began before it wrapped round.
      [there, here, 993, 2 ** 32 - 3, 'came in'],
      [here, there, 2 ** 32 - 3, 1000, 'goes '],
    ],
  );
  assert.deepEqual(facts[1], { fileIds: [3], sequence: 2 ** 32 - 3, neverSent: 3 });
  const time = '2026-01-02T03:04:05.25Z';
  assert.deepEqual(facts[2], { fileIds: [3], handshake: 'not captured', neverSentLeftOut: 3, time });
  assert.ok(packets.every(({ seconds }) => seconds === Date.parse('2026-01-02T03:04:05.25Z') / 1000));
});

test('what never went out is in the bytes of the queue, and in no capture', async () => {
  await using checkpoint = await madeCheckpoint(connection(ESTABLISHED, 'ipv4', { in: '', out: 'stays', unsent: 5 }));
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'tcp' }] });
  const [, sent, pcap] = taken.files;
  assert.equal((await taken.read(sent?.file ?? '')).toString(), 'stays');
  assert.deepEqual([pcap?.state, pcap?.reason], ['without', 'what waits had not gone out']);
  assert.equal(pcap?.facts['time'], 'unknown');
});

test('an end of the stream counts as a byte that no queue holds', async () => {
  // close-wait: the peer has ended; fin-wait-2: we have; closing: both.
  for (const [state, incoming, outgoing] of [
    [8, 992, 2 ** 32 - 3],
    [5, 993, 2 ** 32 - 4],
    [11, 992, 2 ** 32 - 4],
  ] as const) {
    const { packets } = await packetsOf(state, 'ipv4', { in: 'came in', out: 'goes out' });
    assert.deepEqual(
      packets.map(({ sequence }) => sequence),
      [incoming, outgoing],
    );
  }
});

test('IPv6 is IPv6, unless it carries IPv4', async () => {
  const six = await packetsOf(ESTABLISHED, 'ipv6', { in: 'a', out: '' });
  assert.equal(six.packets[0]?.to, '20010db8000000000000000000000001:80');
  const mapped = await packetsOf(ESTABLISHED, 'mapped', { in: 'a', out: '' });
  assert.equal(mapped.packets[0]?.to, here);
});

test('a connection of which the addresses are lost gives its bytes and no capture', async () => {
  const { 'tcp-stream-abc.img': stream } = connection(ESTABLISHED, 'ipv4', { in: 'came in', out: '' });
  await using checkpoint = await madeCheckpoint({ 'tcp-stream-abc.img': stream });
  await using taken = await takeOut(checkpoint, { wishes: [{ kind: 'tcp' }] });
  assert.deepEqual(
    taken.files.map(({ part, state }) => [part, state]),
    [
      ['received', 'written'],
      ['sent', 'empty'],
      ['pcap', 'without'],
    ],
  );
  assert.equal((await taken.read('tcp-abc-received.bin')).toString(), 'came in');
});
