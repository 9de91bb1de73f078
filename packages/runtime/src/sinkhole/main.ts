/**
 * The program of a sinkhole: answers every name with one address, takes every TCP connection, and drops what comes. It is
 * started in the network namespace at the far end of a pod's only link, holds nothing of the node and is nobody there.
 * Its one argument is JSON; it writes one JSON document a line to its standard output.
 */
import { createSocket } from 'node:dgram';
import { writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { type Addresses, answerTo, parseQuery } from './dns.ts';

interface Settings extends Addresses {
  dnsPort: number;
  tcpPort: number;
}

const STDOUT = 1;
/** The user that owns nothing. */
const NOBODY = 65_534;
/** Bytes of notes; the packets are recorded in any case. */
const NOTES_LIMIT = 16 << 20;
/** Connections at a time, bytes taken of each, and milliseconds for which it is kept. */
const CONNECTIONS = 512;
const TAKEN = 1 << 20;
const PATIENCE = 30_000;

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
let noted = 0;

function note(fields: Readonly<Record<string, unknown>>): void {
  const line = `${JSON.stringify({ at: new Date().toISOString(), ...fields })}\n`;
  noted += line.length;
  if (noted <= NOTES_LIMIT) writeSync(STDOUT, line);
}

function answer(message: Uint8Array, over: 'udp' | 'tcp'): Uint8Array | undefined {
  const question = parseQuery(message);
  if (!question) return undefined;
  note({ asked: question.name, type: question.type, over });
  return answerTo(message, question, settings);
}

/** DNS over TCP: each message has its length before it (RFC 1035, 4.2.2). */
function serveNames(socket: Socket): void {
  let rest = Buffer.alloc(0);
  limit(socket);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      const reply = answer(rest.subarray(2, end), 'tcp');
      rest = rest.subarray(end);
      if (!reply) {
        socket.destroy();
        return;
      }
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length, 0);
      socket.write(Buffer.concat([length, reply]));
    }
  });
}

function swallow(socket: Socket): void {
  note({ connected: true, from: socket.remotePort });
  limit(socket);
  socket.resume();
}

function limit(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  socket.on('data', () => {
    if (socket.bytesRead > TAKEN) socket.destroy();
  });
  const timer = setTimeout(() => socket.destroy(), PATIENCE);
  socket.on('close', () => clearTimeout(timer));
}

async function listen(): Promise<void> {
  for (const [port, serve] of [
    [settings.dnsPort, serveNames],
    [settings.tcpPort, swallow],
  ] as const) {
    const server = createServer(serve);
    server.maxConnections = CONNECTIONS;
    await new Promise<void>((resolve) => server.listen(port, settings.ipv6 === undefined ? '0.0.0.0' : '::', resolve));
  }
  for (const type of ['udp4', ...(settings.ipv6 === undefined ? [] : ['udp6' as const])] as const) {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    socket.on('message', (message, { port, address }) => {
      const reply = answer(message, 'udp');
      // One that is gone, or a port of 0, is nobody to answer.
      if (reply && port > 0) socket.send(reply, port, address, () => undefined);
    });
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.bind(settings.dnsPort, resolve));
  }
  process.setgroups?.([]);
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
  note({ ready: true });
}

await listen();
