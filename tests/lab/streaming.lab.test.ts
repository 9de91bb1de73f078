/** Exec, attach and port forwarding into real containers, by the clients of CI: CRI, SPDY and WebSocket. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isCode } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { connectSpdy } from '@stillframe/cri/spdy';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry', 'socat');
const COMMAND = ['v4.channel.k8s.io'];

describe('streams into containers', { skip }, () => {
  let lab: Lab;
  let client: CriClient;
  let container: string;
  let sandbox: string;

  const connect = async () => {
    client = await openCriClient({ socket: join(lab.folder, 'state', 'cri.sock') });
  };
  before(async () => {
    lab = await openLab();
    await lab.run(
      'default/streams/shell',
      'nc -ll -p 8080 -e /bin/cat & i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.2; done',
    );
    await connect();
    [container = ''] = (await client.runtime.listContainers({})).containers.map(({ id }) => id);
    [sandbox = ''] = (await client.runtime.listPodSandbox({})).items.map(({ id }) => id);
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const sh = (script: string) => ['sh', '-c', script];
  const execSync = async (script: string, timeout = 0) => {
    const { exitCode, stdout, stderr } = await client.runtime.execSync({
      containerId: container,
      cmd: sh(script),
      timeout: BigInt(timeout),
    });
    return [exitCode, Buffer.from(stdout).toString(), Buffer.from(stderr).toString()];
  };
  const open = async (url: string, types: readonly string[]) => {
    const { connection } = await connectSpdy(url, COMMAND);
    const streams = types.map((type) => connection.open(new Map([['streamtype', type]])));
    return { connection, stream: (type: string) => streams[types.indexOf(type)] as (typeof streams)[0] };
  };

  test('ExecSync gives exit code and both outputs, also to one who opens them by name', async () => {
    assert.deepEqual(await execSync('echo out; echo err > /dev/stderr; exit 7'), [7, 'out\n', 'err\n']);
  });

  test('ExecSync waits for no child that is left behind', async () => {
    const began = performance.now();
    assert.deepEqual(await execSync('sleep 20 & echo done'), [0, 'done\n', '']);
    assert.ok(performance.now() - began < 15_000);
  });

  test('ExecSync kills what runs out of time, with all that it started', async () => {
    await assert.rejects(execSync('sleep 71 & sleep 72', 1), (error) => isCode(error, 'ERR_CRI_DEADLINE_EXCEEDED'));
    const [, lines] = await execSync('cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    assert.doesNotMatch(String(lines), /sleep 7[12]/);
  });

  test('ExecSync of a program that is not there is an error with its reason', async () => {
    const asked = client.runtime.execSync({ containerId: container, cmd: ['no-such-program'] });
    await assert.rejects(asked, /"no-such-program": executable file not found/);
  });

  test('Exec over SPDY: input to its end, outputs apart, exit code', async () => {
    const cmd = sh('cat; echo err >&2; exit 3');
    const { url } = await client.runtime.exec({ containerId: container, cmd, stdin: true, stdout: true, stderr: true });
    const { connection, stream } = await open(url, ['error', 'stdin', 'stdout', 'stderr']);
    stream('stdin').end('hello');
    const [out, err, status] = await Promise.all(['stdout', 'stderr', 'error'].map((type) => text(stream(type))));
    assert.deepEqual([out, err], ['hello', 'err\n']);
    assert.match(status ?? '', /"reason":"ExitCode","message":"3"/);
    await connection.close();
  });

  test('Exec on a terminal that changes its size', async () => {
    const cmd = ['sh'];
    const { url } = await client.runtime.exec({ containerId: container, cmd, stdin: true, stdout: true, tty: true });
    const { connection, stream } = await open(url, ['error', 'stdin', 'stdout', 'resize']);
    const said = collect(stream('stdout'));
    // The size travels beside the input, not in a row with it.
    const shows = async (size: string) => {
      for (let asked = 0; asked < 30 && !said.text().includes(size); asked += 1) {
        // The image has no name of its own for this applet.
        stream('stdin').write('/bin/busybox stty size\r');
        await delay(200);
      }
      assert.ok(said.text().includes(size), said.text());
    };
    stream('resize').write('{"Width":101,"Height":33}\n');
    await shows('33 101');
    stream('resize').write('{"Width":60,"Height":20}\n');
    await shows('20 60');
    stream('stdin').write('exit 5\r');
    assert.match(await text(stream('error')), /"message":"5"/);
    await connection.close();
  });

  test('a client that goes away takes its command with it', async () => {
    const cmd = sh('sleep 73 & sleep 74');
    const { url } = await client.runtime.exec({ containerId: container, cmd, stdout: true });
    const { connection } = await open(url, ['error', 'stdout']);
    await delay(300);
    await connection.close();
    await delay(500);
    assert.doesNotMatch(String((await execSync('cat /proc/[0-9]*/cmdline | tr "\\0" " "'))[1]), /sleep 7[34]/);
    const left = () => readdir(join(lab.folder, 'state', 'bundles', container, 'execs'));
    for (let looks = 0; looks < 50 && (await left()).length > 0; looks += 1) await delay(100);
    assert.deepEqual(await left(), []);
  });

  test('requests that make no sense are refused', async () => {
    const refused = (asked: Promise<unknown>) =>
      assert.rejects(asked, (error) => isCode(error, 'ERR_CRI_INVALID_ARGUMENT'));
    await refused(client.runtime.exec({ containerId: container, cmd: ['sh'], tty: true, stderr: true, stdout: true }));
    await refused(client.runtime.exec({ containerId: container, cmd: ['sh'] }));
    await refused(client.runtime.exec({ containerId: container, stdout: true }));
    await refused(client.runtime.attach({ containerId: container }));
    await refused(client.runtime.portForward({ podSandboxId: sandbox, port: [70_000] }));
    const unknown = client.runtime.exec({ containerId: 'nobody', cmd: ['sh'], stdout: true });
    await assert.rejects(unknown, (error) => isCode(error, 'ERR_CRI_NOT_FOUND'));
  });

  const forwards = async () => {
    const { url } = await client.runtime.portForward({ podSandboxId: sandbox, port: [] });
    const { connection } = await connectSpdy(url, ['portforward.k8s.io']);
    const pair = (id: string, port: string) =>
      ['error', 'data'].map((type) =>
        connection.open(
          new Map([
            ['streamtype', type],
            ['port', port],
            ['requestid', id],
          ]),
        ),
      );
    const [error, data] = pair('0', '8080');
    data?.end('knock');
    assert.deepEqual(await Promise.all([data, error].map((stream) => text(stream as Readable))), ['knock', '']);
    const [refused] = pair('1', '9');
    assert.match(await text(refused as Readable), /Connection refused/);
    await connection.close();
  };
  test('a port is forwarded to its end; one where nobody listens says so', forwards);

  const attaches = async () => {
    const { url } = await client.runtime.attach({ containerId: container, stdout: true, stderr: true });
    const { connection, stream } = await open(url, ['error', 'stdout', 'stderr']);
    await collect(stream('stdout')).holds(/^count \d+\ncount \d+\n/);
    await connection.close();
  };
  test('attach shows what is written from now on', attaches);

  test('after a kill of the daemon all of it goes on, and what a lost client ran is swept', async () => {
    const { url } = await client.runtime.exec({ containerId: container, cmd: sh('sleep 75 & sleep 76'), stdout: true });
    const { connection } = await open(url, ['error', 'stdout']);
    await delay(300);
    process.kill(lab.endpoints.pid, 'SIGKILL');
    await connection.closed;
    await client[Symbol.asyncDispose]();
    await lab.stillframe.up<Endpoints>(0);
    await connect();
    assert.doesNotMatch(String((await execSync('cat /proc/[0-9]*/cmdline | tr "\\0" " "'))[1]), /sleep 7[56]/);
    await attaches();
    await forwards();
  });

  test('a restored copy can be talked to in the same way', async () => {
    const { archive } = await lab.stillframe.json<{ archive: string }>(['checkpoint', 'default/streams/shell']);
    await lab.stillframe
      .json(['restore', archive], ['--name', 'copy', '--network', 'none'])
      .catch(async () => lab.stillframe.json(['restore', archive], ['--name', 'copy']));
    const original = container;
    container = (await client.runtime.listContainers({})).containers.find(({ id }) => id !== original)?.id ?? '';
    assert.deepEqual(await execSync('echo inside'), [0, 'inside\n', '']);
    await attaches();
  });
});

/** What a stream has said so far, and a wait for a part of it. */
function collect(stream: Readable) {
  let said = '';
  stream.pipe(
    new Writable({
      write(chunk, _encoding, callback) {
        said += String(chunk);
        callback();
      },
    }),
  );
  return {
    text: () => said,
    async holds(pattern: RegExp): Promise<void> {
      for (const deadline = Date.now() + 60_000; !pattern.test(said); await delay(20)) {
        if (Date.now() > deadline) assert.fail(`nothing like ${pattern} in ${JSON.stringify(said)}`);
      }
    },
  };
}
