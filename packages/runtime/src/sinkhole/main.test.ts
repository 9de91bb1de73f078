import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needs } from '@stillframe/testkit';

const QUERY = Buffer.concat([
  Buffer.from([7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5]),
  Buffer.from('exfil'),
  Buffer.from([0, 0, 1, 0, 1]),
]);
const ADDRESS = Buffer.from([198, 18, 0, 1]);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : assert.fail();
}

describe('the program of a sinkhole', needs('root'), () => {
  let child: ChildProcess;
  let said = '';
  let dnsPort: number;
  let tcpPort: number;
  before(async () => {
    [dnsPort, tcpPort] = [await freePort(), await freePort()];
    const settings = JSON.stringify({ dnsPort, tcpPort, ipv4: '198.18.0.1' });
    child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk) => {
        said += String(chunk);
        if (said.includes('"ready":true')) resolve();
      });
    });
  });
  after(() => void child.kill('SIGKILL'));

  test('answers names over UDP, and nothing that is no query', async () => {
    const socket = createSocket('udp4');
    socket.send(Buffer.from('no query'), dnsPort, '127.0.0.1');
    socket.send(QUERY, dnsPort, '127.0.0.1');
    const [reply] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    assert.equal(reply.readUInt16BE(0), 0x0707);
    assert.deepEqual(reply.subarray(-4), ADDRESS);
  });

  test('answers names over TCP, in whatever pieces they come, and notes them', { timeout: 30_000 }, async () => {
    const socket = connect(dnsPort, '127.0.0.1');
    const message = Buffer.concat([Buffer.from([0, QUERY.length]), QUERY]);
    for (const byte of Buffer.concat([message, message])) socket.write(Buffer.from([byte]));
    let got = Buffer.alloc(0);
    for await (const chunk of socket) {
      got = Buffer.concat([got, chunk as Buffer]);
      if (got.length >= 2 * (2 + got.readUInt16BE(0))) break;
    }
    assert.deepEqual(got.subarray(-4), ADDRESS);
    // The note was written before the reply, but comes by a pipe of its own.
    while (!said.includes('"asked":"exfil","type":1,"over":"tcp"')) await once(child.stdout ?? child, 'data');
  });

  test('takes connections, swallows some of what comes, and says nothing', async () => {
    const socket = connect(tcpPort, '127.0.0.1');
    socket.on('error', () => undefined);
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    await once(socket, 'connect');
    // Data that came too late is told by a reset, which is no failure here.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const pour = setInterval(() => socket.write(Buffer.alloc(256 << 10)), 5);
    await closed;
    clearInterval(pour);
    assert.equal(got, 0);
  });

  test('is nobody, with no capability left', async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Groups:\t *$/m);
    assert.match(status, /^CapEff:\t0+$/m);
  });
});
