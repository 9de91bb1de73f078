/** Pushes whose process is killed, and the same push again: what goes over the wire, seen by a proxy before a real registry. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesSource, digestOf } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { buildImage, Layout, mediaTypes, putImage } from '@stillframe/oci';
import { needs, startRegistry } from '@stillframe/testkit';
import { PROGRAM } from '../desk.fixture.ts';

const MiB = 1 << 20;
const SIZE = 100 * MiB;
/** Bytes that the registry acknowledges at once. */
const PART = 16 * MiB;
/** Parts that are there when the first push is killed. */
const DONE = 3;

interface Proxy extends AsyncDisposable {
  address: string;
  /** Bytes that went to the registry. */
  sent: number;
  /** Answers to parts; nothing more goes to the registry once there were `holdAfter`. */
  parts: number;
  holdAfter: number;
  /** Called with each chunk that goes to the registry. */
  onSent(): void;
}

async function openProxy(target: string): Promise<Proxy> {
  const [host, port] = target.split(':');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const registry = connect(Number(port), host);
    for (const socket of [client, registry]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => {
      if (proxy.parts >= proxy.holdAfter) return;
      proxy.sent += chunk.length;
      proxy.onSent();
      if (!registry.write(chunk)) {
        client.pause();
        registry.once('drain', () => client.resume());
      }
    });
    registry.on('data', (chunk) => {
      if (/^HTTP\/1\.1 202 [\s\S]*\r\nRange: 0-[1-9]/i.test(chunk.toString('latin1'))) proxy.parts += 1;
      client.write(chunk);
    });
    client.on('close', () => registry.destroy());
    registry.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the listening socket has no port');
  const proxy: Proxy = {
    address: `127.0.0.1:${bound.port}`,
    sent: 0,
    parts: 0,
    holdAfter: Number.POSITIVE_INFINITY,
    onSent: () => undefined,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return proxy;
}

interface Bench {
  proxy: Proxy;
  notes(): Promise<{ path: string; offset: number; mode: number; url: string }[]>;
  /** Starts the push as a process. */
  push(): ChildProcess & { ended: Promise<{ code: number | null; out: string; err: string }> };
}

async function atBench(use: (bench: Bench) => Promise<void>): Promise<void> {
  await using folder = await openTemporaryFolder(tmpdir(), 'resume');
  await using registry = await startRegistry();
  await using proxy = await openProxy(registry.address);
  const layout = await Layout.create(join(folder.path, 'layout'));
  const bytes = randomBytes(SIZE);
  const layer = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: SIZE };
  await layout.push(layer, bytesSource(bytes));
  const image = buildImage({
    layers: [{ descriptor: layer, diffID: layer.digest }],
    platform: { os: 'linux', architecture: 'amd64' },
  });
  await putImage(layout, image, { tag: 'v1' });
  const uploads = join(folder.path, '.local/state/stillframe/uploads');
  const notes: Bench['notes'] = async () => {
    // A hidden one is a note that is being written: it is none yet.
    const names = (await readdir(uploads).catch(() => [])).filter((name) => !name.startsWith('.'));
    return Promise.all(
      names.map(async (name) => {
        const path = join(uploads, name);
        const text = await readFile(path, 'utf8').catch(() => '{}');
        return {
          ...JSON.parse(text || '{}'),
          path,
          mode: ((await stat(path).catch(() => undefined))?.mode ?? 0) & 0o777,
        };
      }),
    );
  };
  const push: Bench['push'] = () => {
    const args = ['image', 'push', `oci:${layout.path}:v1`, `${proxy.address}/a/b:1`];
    const env = { PATH: process.env['PATH'], HOME: folder.path };
    const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.on('data', (chunk) => out.push(String(chunk)));
    child.stderr.on('data', (chunk) => err.push(String(chunk)));
    const ended = once(child, 'close').then(([code]) => ({ code, out: out.join(''), err: err.join('') }));
    return Object.assign(child, { ended });
  };
  await use({ proxy, notes, push });
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; !(await what()); await delay(20))
    assert.ok(performance.now() < deadline, 'it never came to that');
}

describe('a push that is killed', needs('docker-registry'), () => {
  it('at the half goes on there when it is run again, and sends only the rest', () =>
    atBench(async ({ proxy, notes, push }) => {
      proxy.holdAfter = DONE;
      const first = push();
      await until(async () => (await notes()).some(({ offset }) => offset === DONE * PART));
      first.kill('SIGKILL');
      await first.ended;
      const [note, ...others] = await notes();
      assert.deepEqual([note?.mode, others], [0o600, []]);
      Object.assign(proxy, { sent: 0, holdAfter: Number.POSITIVE_INFINITY });
      const { code, out, err } = await push().ended;
      assert.equal(code, 0, err);
      assert.match(out, /copied +52\.0 MiB; 48\.0 MiB left there by an upload that was cut/);
      const rest = SIZE - DONE * PART;
      assert.ok(proxy.sent >= rest && proxy.sent < rest + 64 * 1024, `${proxy.sent} bytes for ${rest}`);
      assert.deepEqual(await notes(), []);
      // It is whole: nothing is sent again.
      proxy.sent = 0;
      assert.match((await push().ended).out, /100\.0 MiB there already/);
      assert.ok(proxy.sent < 64 * 1024);
    }));

  it('in the middle of a part begins anew where the registry gives that session up, without an error', () =>
    atBench(async ({ proxy, notes, push }) => {
      const first = push();
      proxy.onSent = () => proxy.sent > (DONE + 0.5) * PART && first.kill('SIGKILL');
      await first.ended;
      assert.equal((await notes()).length, 1);
      Object.assign(proxy, { sent: 0, onSent: () => undefined });
      const { code, err } = await push().ended;
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(await notes(), []);
    }));

  it('by Ctrl-C ends its part, so that any registry goes on there', () =>
    atBench(async ({ proxy, push }) => {
      const first = push();
      proxy.onSent = () => {
        // A second one would end it at once.
        if (proxy.sent > (DONE + 0.5) * PART && !first.killed) first.kill('SIGINT');
      };
      assert.equal((await first.ended).code, 130);
      Object.assign(proxy, { sent: 0, onSent: () => undefined });
      const { code, out } = await push().ended;
      assert.equal(code, 0);
      assert.match(out, /left there by an upload that was cut/);
      assert.ok(proxy.sent < SIZE - DONE * PART, `${proxy.sent} bytes`);
    }));
});
