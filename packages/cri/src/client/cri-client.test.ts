import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode, StillframeError } from '@stillframe/core';
import { openTemporaryFolder, type TemporaryFolder } from '@stillframe/core/file';
import { listenOnSocket, rpcErrorText, served } from '../grpc/index.ts';
import { ContainerEventType, ImageService, PodSandboxState, RuntimeService } from '../proto.ts';
import { type CriClient, openCriClient } from './cri-client.ts';

/** What the fake runtime noticed of calls that were given up. */
const noticed: string[] = [];

/** Containers whose checkpoint was asked for. */
const asked: string[] = [];

const runtime = served(RuntimeService, {
  version: async (request) => ({ version: request.version, runtimeName: 'fake', runtimeApiVersion: 'v1' }),
  listPodSandbox: async ({ filter }) => ({
    items: [
      {
        id: 'one',
        state: filter?.state?.state ?? PodSandboxState.SANDBOX_READY,
        createdAt: 1_700_000_000_123_456_789n,
      },
    ],
  }),
  containerStatus: async ({ containerId }) => {
    throw new StillframeError('ERR_RUNTIME_NO_CONTAINER', 'not-found', `no container ${containerId}`, {
      hint: 'list containers — ✓',
    });
  },
  checkpointContainer: async ({ containerId, timeout }) => {
    asked.push(containerId);
    if (containerId === 'moving' && asked.length < Number(timeout))
      throw new Error(`OCI runtime pause failed: unable to freeze`);
    if (containerId === 'moving') return {};
    throw new Error('checkpoint/restore support not available');
  },
  stopContainer: async (_request, { signal }) => {
    await once(signal, 'abort');
    noticed.push('stopContainer given up');
    return {};
  },
  execSync: async ({ cmd }) => ({ stdout: Buffer.alloc(Number(cmd[0])) }),
  getContainerEvents: async function* (_request, { signal }) {
    try {
      for (let i = 0; ; i++) {
        yield { containerId: `c${i}`, containerEventType: ContainerEventType.CONTAINER_STARTED_EVENT };
        await delay(1, undefined, { signal });
      }
    } finally {
      noticed.push('events given up');
    }
  },
  streamContainers: async function* () {
    yield { containers: [{ id: 'first' }] };
    throw new StillframeError('ERR_RUNTIME_BUSY', 'resource-exhausted', 'too many');
  },
});

describe('a CRI client', () => {
  let folder: TemporaryFolder;
  let server: AsyncDisposable;
  let client: CriClient;

  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
    const socket = join(folder.path, 'cri.sock');
    server = await listenOnSocket(socket, [runtime]);
    client = await openCriClient({ socket: `unix://${socket}` });
  });
  after(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('asks for the version when it is opened', () => {
    assert.equal(client.version.runtimeName, 'fake');
  });

  it('sends init objects, receives messages, and keeps 64-bit integers whole', async () => {
    const filter = { state: { state: PodSandboxState.SANDBOX_NOTREADY } };
    const { items } = await client.runtime.listPodSandbox({ filter });
    assert.equal(items[0]?.state, PodSandboxState.SANDBOX_NOTREADY);
    assert.equal(items[0]?.createdAt, 1_700_000_000_123_456_789n);
    assert.deepEqual(items[0]?.labels, {});
  });

  it('turns a status into an error with its kind, the text of Go clients and the code of our own server', async () => {
    await assert.rejects(client.runtime.containerStatus({ containerId: 'x' }), (error) => {
      assert.ok(isCode(error, 'ERR_CRI_NOT_FOUND') && StillframeError.is(error));
      assert.equal(error.kind, 'not-found');
      assert.equal(error.message, 'no container x');
      assert.equal(error.hint, 'list containers — ✓');
      assert.equal(error.details['remoteCode'], 'ERR_RUNTIME_NO_CONTAINER');
      assert.equal(rpcErrorText(error), 'rpc error: code = NotFound desc = no container x (list containers — ✓)');
      return true;
    });
  });

  it('gives an ordinary error as Unknown, as Go runtimes do', async () => {
    await assert.rejects(client.runtime.checkpointContainer({}), (error) => {
      assert.equal(rpcErrorText(error), 'rpc error: code = Unknown desc = checkpoint/restore support not available');
      return isCode(error, 'ERR_CRI_UNKNOWN');
    });
  });

  it('asks again for a checkpoint of what could not be frozen, a few times and no longer than was allowed', async () => {
    asked.length = 0;
    await client.runtime.checkpointContainer({ containerId: 'moving', timeout: 3n });
    assert.equal(asked.length, 3);
    const never = { containerId: 'moving', timeout: 1000n };
    await assert.rejects(client.runtime.checkpointContainer(never), /unable to freeze/);
    assert.ok(asked.length < 20);
    await assert.rejects(client.runtime.checkpointContainer(never, { timeoutMs: 300 }), {
      code: 'ERR_CRI_DEADLINE_EXCEEDED',
    });
    const gone = new AbortController();
    const asking = client.runtime.checkpointContainer(never, { signal: gone.signal });
    gone.abort(new Error('enough'));
    await assert.rejects(asking, /enough/);
    await assert.rejects(client.runtime.checkpointContainer({ containerId: 'other' }), /not available/);
    assert.equal(asked.filter((id) => id === 'other').length, 1);
  });

  it('says of a method without a handler, and of a service that is not served, that it is not implemented', async () => {
    await assert.rejects(client.runtime.status({}), (error) => {
      assert.equal(rpcErrorText(error), 'rpc error: code = Unimplemented desc = method Status not implemented');
      return isCode(error, 'ERR_CRI_UNIMPLEMENTED');
    });
    await assert.rejects(client.image.listImages({}), { code: 'ERR_CRI_UNIMPLEMENTED' });
  });

  it('cancels on abort, rejects with the reason, and the server notices', async () => {
    const controller = new AbortController();
    const stopping = client.runtime.stopContainer({}, { signal: controller.signal });
    await delay(50);
    controller.abort(new Error('changed my mind'));
    await assert.rejects(stopping, /changed my mind/);
    await noticing('stopContainer given up');
    await assert.rejects(client.runtime.status({}, { signal: controller.signal }), /changed my mind/);
  });

  it('gives up at the deadline, and the server notices', async () => {
    noticed.length = 0;
    await assert.rejects(client.runtime.stopContainer({}, { timeoutMs: 50 }), { code: 'ERR_CRI_DEADLINE_EXCEEDED' });
    await noticing('stopContainer given up');
  });

  it('carries messages of up to 16 MiB and no more', async () => {
    const { stdout } = await client.runtime.execSync({ cmd: [String((16 << 20) - 100)] });
    assert.equal(stdout.length, (16 << 20) - 100);
    await assert.rejects(client.runtime.execSync({ cmd: [String(17 << 20)] }), { code: 'ERR_CRI_RESOURCE_EXHAUSTED' });
  });

  it('reads a stream until the loop is left, which ends it at the server', async () => {
    noticed.length = 0;
    const ids: string[] = [];
    for await (const event of client.runtime.getContainerEvents({})) {
      ids.push(event.containerId);
      if (ids.length === 3) break;
    }
    assert.deepEqual(ids, ['c0', 'c1', 'c2']);
    await noticing('events given up');
  });

  it('ends a stream with the reason of an aborted signal', async () => {
    const controller = new AbortController();
    const reading = async () => {
      for await (const _event of client.runtime.getContainerEvents({}, { signal: controller.signal })) {
        controller.abort(new Error('enough'));
      }
    };
    await assert.rejects(reading(), /enough/);
  });

  it('gives what a stream sent before it failed', async () => {
    const got: string[] = [];
    const reading = async () => {
      for await (const { containers } of client.runtime.streamContainers({})) got.push(containers[0]?.id ?? '');
    };
    await assert.rejects(reading(), { code: 'ERR_CRI_RESOURCE_EXHAUSTED', message: 'too many' });
    assert.deepEqual(got, ['first']);
  });
});

describe('opening a CRI client', () => {
  let folder: TemporaryFolder;
  before(async () => {
    folder = await openTemporaryFolder(tmpdir());
  });
  after(() => folder[Symbol.asyncDispose]());

  it('refuses what is no absolute path', async () => {
    for (const socket of ['cri.sock', 'unix://cri.sock', 'http://127.0.0.1', `/${'a'.repeat(107)}`]) {
      await assert.rejects(openCriClient({ socket }), { code: 'ERR_CRI_SOCKET_INVALID' });
    }
  });

  it('fails at once, naming path and remedy, where there is no socket or only a file', async () => {
    const socket = join(folder.path, 'none.sock');
    await assert.rejects(openCriClient({ socket }), (error) => {
      assert.ok(isCode(error, 'ERR_CRI_UNAVAILABLE') && StillframeError.is(error));
      assert.ok(error.message.includes(socket));
      assert.match(error.message, /: there is none$/);
      assert.match(error.hint ?? '', /start the container runtime/);
      return true;
    });
    await writeFile(join(folder.path, 'file'), '');
    await assert.rejects(openCriClient({ socket: join(folder.path, 'file') }), { code: 'ERR_CRI_UNAVAILABLE' });
  });

  it('fails in time where something listens but says nothing', async () => {
    const socket = join(folder.path, 'mute.sock');
    const mute = createServer((connection) => connection.on('error', () => connection.destroy())).listen(socket);
    await once(mute, 'listening');
    const opening = openCriClient({ socket, connectTimeoutMs: 300 });
    await assert.rejects(opening, { code: 'ERR_CRI_UNAVAILABLE', message: /no answer .* within 300 ms/ });
    await assert.rejects(openCriClient({ socket, signal: AbortSignal.abort(new Error('stop')) }), /stop/);
    mute.close();
    await rm(socket, { force: true });
  });

  it('tells a gRPC server that is no CRI runtime from one that is absent', async () => {
    const socket = join(folder.path, 'other.sock');
    await using _server = await listenOnSocket(socket, [served(ImageService, {})]);
    await assert.rejects(openCriClient({ socket }), { code: 'ERR_CRI_UNIMPLEMENTED', message: /not CRI v1/ });
  });

  it('fails calls with ERR_CRI_UNAVAILABLE after the runtime has gone', async () => {
    const socket = join(folder.path, 'gone.sock');
    const server = await listenOnSocket(socket, [runtime]);
    await using client = await openCriClient({ socket });
    await server[Symbol.asyncDispose]();
    await assert.rejects(client.runtime.listPodSandbox({}, { timeoutMs: 5000 }), { code: 'ERR_CRI_UNAVAILABLE' });
  });
});

async function noticing(what: string): Promise<void> {
  for (let i = 0; i < 200 && !noticed.includes(what); i++) await delay(10);
  assert.ok(noticed.includes(what), `the server did not notice: ${what}`);
}
