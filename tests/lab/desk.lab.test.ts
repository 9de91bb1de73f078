/** The desk over a real node: what its buttons ask for is done to real containers, and told as it was. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parseManifest, RegistryClient } from '@stillframe/oci';
import { needs } from '@stillframe/testkit';
import { WebSocket } from 'ws';
import { startUi } from './desk-command.ts';
import { openLab } from './lab.ts';
import { waitForLines } from './log-lines.ts';

interface Job {
  id: string;
  state: 'running' | 'done' | 'failed';
  failure: { code: string; message: string } | null;
  capture: { one: string; archive: string; bytes: number; pause: number | null; dump: number | null } | null;
  pushed: { reference: string; digest: string; layer: string; bytes: number; evidence: string } | null;
  copies: { address: string; container: string; sandbox: string; clamped: string[] }[];
}

interface Seen {
  pods: { name: string; isOurs: boolean; containers: { id: string; state: string; memory: number | null }[] }[];
  jobs: Job[];
}

interface Page {
  get<Answer>(path: string): Promise<Answer>;
  /** What a shell in a container writes until it ends, and what is told of it. */
  type(keys: string, container: string): Promise<string>;
  /** What is posted is begun; answers the job once it is over. */
  done(name: string, asked: Record<string, string>): Promise<Job>;
}

test('the desk over a real node', needs('checkpoint', 'docker-registry'), async () => {
  await using lab = await openLab();
  const log = await lab.run('default/web/app', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done');
  await waitForLines(log, 3);
  await atPage(lab.folder, async ({ get, done, type }) => {
    const [web] = (await get<Seen>('desk/node')).pods;
    const [app] = web?.containers ?? [];
    assert.ok(app);
    assert.deepEqual([web?.name, web?.isOurs, app.state], ['web', false, 'running']);
    assert.ok((app.memory ?? 0) > 0);
    const refused = await done('checkpoint', { container: app.id, mostPause: '1ms' });
    assert.equal(refused.state, 'failed');
    assert.match(refused.failure?.message ?? '', /is expected, 1\.?0* ms are allowed/);
    const { capture, failure } = await done('checkpoint', { container: app.id, mostPause: '' });
    assert.equal(failure, null);
    assert.ok(capture && capture.pause !== null && capture.pause >= (capture.dump ?? 0) && capture.pause > 0);
    assert.equal((await stat(capture.archive)).size, capture.bytes);
    const overview = await get<{ pause: number; container: { id: string } }>(`${capture.one}/overview`);
    assert.deepEqual([overview.pause, overview.container.id], [capture.pause, app.id]);
    const reference = `${lab.registry}/evidence/web:1`;
    const { pushed, ...push } = await done('push', { one: capture.one, reference, sign: 'false' });
    assert.equal(push.failure, null);
    assert.deepEqual([pushed?.reference, pushed?.bytes], [reference, capture.bytes]);
    assert.match(pushed?.evidence ?? '', /is what was recorded at the capture/);
    await using registry = new RegistryClient(lab.registry);
    const store = registry.repository('evidence/web');
    const manifest = await store.resolve('1');
    assert.equal(manifest.digest, pushed?.digest);
    const { layers } = parseManifest(await store.manifest(manifest), manifest.mediaType);
    assert.deepEqual(
      layers.map(({ digest, size }) => [digest, size]),
      [[pushed?.layer, capture.bytes]],
    );
    await assert.rejects(
      done('push', { one: capture.one, reference: 'evidence/web', sign: 'false' }),
      /names no registry/,
    );
    const { copies } = await done('restore', { one: capture.one, sinkhole: 'false', scrubTokens: 'false' });
    const [copy] = copies;
    assert.ok(copy);
    assert.equal(copy.address, 'default/web-copy-1/app');
    const written = async () => (await get<{ lines: string[] }>(`desk/log?container=${copy.container}`)).lines;
    await until('three lines of the copy', async () => (await written()).length >= 3 || undefined);
    const shell = await type('echo $((6*7)); hostname; exit 3\r', copy.container);
    assert.match(shell, /^42\r$/m);
    assert.match(shell, /"kind":"ended","message":".*exit code: 3/);
    assert.match(await type('', app.id), /ERR_DESK_NOT_A_COPY/, 'an original is not typed into');
    const removed = await done('remove', { sandbox: copy.sandbox });
    assert.equal(removed.state, 'done');
    const { pods } = await get<Seen>('desk/node');
    assert.deepEqual(
      pods.map(({ name, containers }) => [name, containers[0]?.state]),
      [['web', 'running']],
    );
  });
});

/** The command with the node of this folder and no checkpoint, and what its page asks with its session. */
async function atPage(folder: string, use: (page: Page) => Promise<void>): Promise<void> {
  await using ui = await startUi(['--root', join(folder, 'root'), '--state', join(folder, 'state')]);
  const { origin, port, hash } = ui.address;
  const ask = (method: string, path: string, cookie: string, body = '') =>
    new Promise<{ text: string; cookie: string }>((resolve, reject) => {
      const headers = { origin, cookie };
      const sent = request({ host: '127.0.0.1', port, method, path: `/api/${path}`, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('error', reject).on('end', () => {
          const given = String(response.headers['set-cookie']).split(';')[0] ?? '';
          if (response.statusCode === 200) resolve({ text, cookie: given });
          else reject(new Error(`${path}: ${text}`));
        });
      });
      sent.on('error', reject).end(body);
    });
  const { cookie } = await ask('POST', 'enter', '', hash.slice('#token='.length));
  const get: Page['get'] = async (path) => JSON.parse((await ask('GET', path, cookie)).text);
  await use({
    get,
    async type(keys, container) {
      const place = `ws://127.0.0.1:${port}/api/desk/terminal?container=${container}&columns=80&rows=24`;
      const socket = new WebSocket(place, { headers: { origin, cookie } });
      let text = '';
      socket.on('message', (data: Buffer) => {
        text += data.toString();
      });
      socket.once('message', () => socket.send(Buffer.from(keys)));
      await once(socket, 'close');
      return text;
    },
    async done(name, asked) {
      const { text } = await ask('POST', `desk/${name}`, cookie, String(new URLSearchParams(asked)));
      const { job } = JSON.parse(text) as { job: string };
      return until(`the end of ${name}`, async () => {
        const found = (await get<Seen>('desk/node')).jobs.find(({ id }) => id === job);
        return found?.state === 'running' ? undefined : found;
      });
    },
  });
}

/** What `look` finds at last, within a minute. */
async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`${what} is not there after a minute`);
}
