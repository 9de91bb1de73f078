/** Reading what a sinkhole recorded: a PCAP file of Ethernet frames, as far as a test must see into it. */
import { readFile } from 'node:fs/promises';

export interface Packet {
  protocol: 'tcp' | 'udp';
  from: string;
  to: string;
  port: number;
  /** Of TCP: the flags' byte. */
  flags: number;
  data: Buffer;
}

const SYN = 2;

/** The TCP and UDP packets over IPv4. Throws where the file is no PCAP or ends within a packet. */
export async function readPcap(path: string): Promise<Packet[]> {
  const bytes = await readFile(path);
  if (bytes.readUInt32LE(0) !== 0xa1b2c3d4 || bytes.readUInt32LE(20) !== 1) throw new Error('no PCAP of Ethernet');
  const packets: Packet[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    const frame = bytes.subarray(at + 16, at + 16 + length);
    if (frame.length < length) throw new Error('the last packet is cut');
    at += 16 + length;
    packets.push(...packetOf(frame));
  }
  return packets;
}

function packetOf(frame: Buffer): Packet[] {
  if (frame.readUInt16BE(12) !== 0x0800) return [];
  const ip = frame.subarray(14, 14 + frame.readUInt16BE(16));
  const rest = ip.subarray(4 * ((ip[0] ?? 0) & 15));
  const protocol = ({ 6: 'tcp', 17: 'udp' } as const)[ip[9] ?? 0];
  if (protocol === undefined) return [];
  const header = protocol === 'udp' ? 8 : 4 * ((rest[12] ?? 0) >> 4);
  const address = (from: number) => [...ip.subarray(from, from + 4)].join('.');
  const flags = protocol === 'tcp' ? (rest[13] ?? 0) : 0;
  const data = rest.subarray(header);
  return [{ protocol, from: address(12), to: address(16), port: rest.readUInt16BE(2), flags, data }];
}

/** Names that were asked for over UDP, with the server that was asked. */
export function questionsIn(packets: readonly Packet[]): string[] {
  const asked = packets.filter(({ protocol, port }) => protocol === 'udp' && port === 53);
  return asked.map(({ to, data }) => {
    const labels: string[] = [];
    for (let at = 12; data[at]; at += 1 + (data[at] ?? 0))
      labels.push(data.toString('latin1', at + 1, at + 1 + (data[at] ?? 0)));
    return `${labels.join('.')} of ${to}`;
  });
}

/** `address:port` of each connection that was begun. */
export function connectionsIn(packets: readonly Packet[]): string[] {
  const begun = packets.filter(({ protocol, flags }) => protocol === 'tcp' && (flags & 0x12) === SYN);
  return begun.map(({ to, port }) => `${to}:${port}`);
}
