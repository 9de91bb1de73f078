/** Looking at a checkpoint costs what is asked, not what it holds: 4 GiB of memory are not read, nor downloaded. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Checkpoint } from '@stillframe/checkpoint';
import {
  convertArchive,
  openCheckpoint,
  openCheckpointImage,
  readCommandLine,
  readFileTable,
  readMaps,
  readMounts,
  readProcesses,
} from '@stillframe/checkpoint';
import type { ByteSource } from '@stillframe/core';
import { openFileSource, openTemporaryFolder } from '@stillframe/core/file';
import { openAddressSpace } from '@stillframe/criu-image';
import { RegistryClient } from '@stillframe/oci';
import { needs, startRegistry } from '@stillframe/testkit';
import { HOLE_AT, writeLargeArchive } from './archive.ts';

const GiB = 2 ** 30;
const PROGRAM = new URL('../../packages/cli/bin/stillframe.mjs', import.meta.url).pathname;
/** Written as the process ends: bytes it read of anything, its own code too, and the most memory it had. */
const REPORT = `process.on('exit', () => { const { readFileSync } = process.getBuiltinModule('node:fs');
  const read = /rchar: (\\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1];
  process.stderr.write('\\ncost ' + JSON.stringify({ read: Number(read), rss: process.resourceUsage().maxRSS * 1024 })); });`;

/** What `inspect` and `maps` look at. */
async function lookAtEverything(checkpoint: Checkpoint): Promise<void> {
  const { images } = checkpoint;
  const files = await readFileTable(images);
  for (const { pid } of await readProcesses(images)) {
    await readCommandLine(images, pid);
    await files.openFiles(pid);
    const space = await openAddressSpace(images, pid);
    if (space) await readMaps(space, files);
  }
  await readMounts(images);
}

test('all views of a 4 GiB archive read less than a hundredth of it', async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'test');
  const path = join(folder.path, 'large.tar');
  const size = await writeLargeArchive(path, 4 * GiB);
  await using file = await openFileSource(path);
  let read = 0;
  const counted: ByteSource = {
    size: file.size,
    async readInto(offset, target, options) {
      const length = await file.readInto(offset, target, options);
      read += length;
      return length;
    },
  };
  await using checkpoint = await openCheckpoint(counted);
  await lookAtEverything(checkpoint);
  const space = (await openAddressSpace(checkpoint.images, 6)) ?? assert.fail();
  const byte = new Uint8Array(16);
  const [range] = await space.read(HOLE_AT + BigInt(3 * GiB), byte);
  assert.equal(range?.state, 'captured');
  assert.deepEqual(checkpoint.diagnostics(), []);

  assert.ok(size > 4 * GiB && read < size / 1000, `${read} bytes read of ${size}`);
});

test('the commands stay under 150 MB of memory, and read little but their own code', needs('linux'), async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'test');
  const path = join(folder.path, 'large.tar');
  const size = await writeLargeArchive(path, 4 * GiB);
  const address = `0x${(HOLE_AT + BigInt(GiB)).toString(16)}`;
  for (const args of [
    ['inspect', path, '--all'],
    ['maps', path],
    ['memory', path, '--pid', '6', '--address', address, '--length', '4K'],
  ]) {
    const { code, cost, stderr } = await run(args);
    assert.equal(code, 0, stderr);
    assert.ok(cost.rss < 150e6, `${args[0]}: ${cost.rss} bytes of memory`);
    assert.ok(cost.read < size / 100, `${args[0]}: ${cost.read} bytes read`);
  }
});

async function run(args: readonly string[]) {
  const hook = `data:text/javascript,${encodeURIComponent(REPORT)}`;
  const child = spawn(process.execPath, ['--import', hook, PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  const cost = JSON.parse(/cost (.*)$/.exec(stderr)?.[1] ?? '{}') as { read: number; rss: number };
  return { code, cost, stderr };
}

interface Counts {
  /** Requests for blobs without a range. */
  whole: number;
  ranged: number;
  /** Bytes of all answers. */
  bytes: number;
}

/** Something between us and a real registry that counts what goes through. */
async function countingProxy(to: string): Promise<{ address: string; counts: Counts } & AsyncDisposable> {
  const counts: Counts = { whole: 0, ranged: 0, bytes: 0 };
  const server: Server = createServer((incoming, outgoing) => {
    const [host, port] = to.split(':');
    const { method, url, headers } = incoming;
    if (method === 'GET' && url?.includes('/blobs/')) counts[headers.range ? 'ranged' : 'whole'] += 1;
    const onward = request({ host, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('data', (chunk: Buffer) => {
        counts.bytes += chunk.length;
      });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === 'object');
  return {
    address: `127.0.0.1:${bound.port}`,
    counts,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a checkpoint in a registry is looked at with ranged requests alone', needs('docker-registry'), async () => {
  await using folder = await openTemporaryFolder(tmpdir(), 'test');
  const path = join(folder.path, 'large.tar');
  const size = await writeLargeArchive(path, 128 << 20);
  await using registry = await startRegistry();
  {
    await using client = new RegistryClient(registry.address);
    await using local = await openCheckpoint(path);
    await convertArchive(local, client.repository('checkpoints/large'), { tag: 'v1' });
  }
  await using proxy = await countingProxy(registry.address);
  await using client = new RegistryClient(proxy.address);
  await using remote = await openCheckpointImage(client.repository('checkpoints/large'), 'v1');
  await lookAtEverything(remote);

  assert.equal(proxy.counts.whole, 0);
  assert.ok(proxy.counts.ranged > 0 && proxy.counts.ranged < 20, `${proxy.counts.ranged} requests`);
  assert.ok(proxy.counts.bytes < size / 100, `${proxy.counts.bytes} bytes of ${size}`);
});
