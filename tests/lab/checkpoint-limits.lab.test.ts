/** A checkpoint of a large container that is given up, or whose node is asked to end, in the middle of the dump. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { StillframeError } from '@stillframe/core';
import { type CriClient, MAX_PAUSE_METADATA, OVER_BUDGET_METADATA, openCriClient } from '@stillframe/cri/client';
import { numbersIn, waitForNumbers } from '@stillframe/demo/stage';
import { needs } from '@stillframe/testkit';
import { type Endpoints, type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');

/** Memory of the process beside the counter, bytes: more than any disk takes within a second, hashed and synced. */
const BULK = 2 ** 31;
const SCRIPT = `trap 'kill -9 $!; exit 0' TERM
  (head -c ${BULK} /dev/zero; echo full >&2; sleep 100000) | /bin/busybox tail -c ${BULK} &
  i=0; while :; do i=$((i+1)); echo "count $i"; sleep 0.05; done`.replace('head -c', '/bin/busybox head -c');

describe('a checkpoint of a large container', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  let pid: number;
  let containerId: string;
  let log: string;
  let maps: string[];
  before(async () => {
    lab = await openLab();
    ({ pid } = lab.endpoints);
    log = await lab.run('default/large/c', SCRIPT);
    await connect();
    const { containers } = await cri.runtime.listContainers({});
    containerId = containers[0]?.id ?? '';
    for (const deadline = Date.now() + 60_000; !/full/.test(await readFile(log, 'utf8')); await delay(20)) {
      assert.ok(Date.now() < deadline, 'the memory is not filled');
    }
    maps = await mapsOf(containerId);
  });
  after(async () => {
    delete process.env['STILLFRAME_CONFIG'];
    await cri?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  const connect = async () => {
    await cri?.[Symbol.asyncDispose]();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock') });
  };
  const startAgain = async () => {
    ({ pid } = await lab.stillframe.up<Endpoints>(0));
    await connect();
  };
  const goesOn = async () => {
    const numbers = await waitForNumbers(log, (await numbersIn(log)).length, 3, AbortSignal.timeout(60_000));
    assert.deepEqual(
      numbers,
      numbers.map((_n, i) => i + 1),
    );
    assert.deepEqual(await mapsOf(containerId), maps, 'nothing of CRIU is left in the processes');
  };
  const folder = async (name: string) => {
    const path = join(lab.folder, name);
    await mkdir(path);
    return path;
  };
  /** Settles when CRIU has written that many bytes of memory. */
  const written = async (out: string, bytes: number) => {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(5)) {
      const [work] = (await readdir(out)).filter((name) => name.startsWith('.'));
      const images = join(out, work ?? '', 'checkpoint');
      const pages = (await readdir(images).catch(() => [])).filter((name) => name.startsWith('pages-'));
      const sizes = await Promise.all(pages.map(async (name) => (await stat(join(images, name))).size));
      if (sizes.some((size) => size >= bytes)) return;
    }
    assert.fail('CRIU writes no memory');
  };

  test('that the caller gives up during the dump is rolled back, and another one succeeds', async () => {
    const out = await folder('cancelled');
    const gone = new AbortController();
    const asked = cri.runtime.checkpointContainer(
      { containerId, location: join(out, 'c.tar') },
      { signal: gone.signal },
    );
    await written(out, 32 << 20);
    gone.abort(new Error('given up'));
    await assert.rejects(asked, /given up/);
    await untilEmpty(out);
    await goesOn();
    await cri.runtime.checkpointContainer({ containerId, location: join(out, 'c.tar') });
    assert.deepEqual((await readdir(out)).sort(), ['c.tar', 'c.tar.evidence.json']);
    await goesOn();
  });

  test('that would stand still for too long is not frozen, or given up in time, or goes on and says so', async () => {
    const out = await folder('budget');
    const location = join(out, 'c.tar');
    const asked = (maxPause: string, overBudget: string) =>
      cri.runtime.checkpointContainer(
        { containerId, location },
        { metadata: { [MAX_PAUSE_METADATA]: maxPause, [OVER_BUDGET_METADATA]: overBudget } },
      );
    await assert.rejects(asked('500ms', 'refuse'), /a pause of [\d.]+ m?s is expected, 500\.0 ms are allowed/);
    const { status, body } = await lab.curl('/checkpoint/default/large/c?maxPause=500ms');
    assert.equal(status, 500);
    assert.match(body, /code = FailedPrecondition desc = a pause of [\d.]+ m?s is expected, 500\.0 ms are allowed/);
    await assert.rejects(asked('300ms', 'abort'), /was not over within 300\.0 ms and was given up/);
    assert.deepEqual(await readdir(out), []);
    await goesOn();
    await asked('300ms', 'proceed');
    const envelope = JSON.parse(await readFile(`${location}.evidence.json`, 'utf8')) as { payload: string };
    const { predicate } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
    const { pauseBudget: budget, pause, noticeable } = predicate;
    assert.equal(budget.maxPause, 300_000);
    assert.ok(budget.memory >= BULK && budget.memory < 1.2 * BULK, `${budget.memory} bytes`);
    // Far off it would be of no use; beside other tests the disk takes less a moment later than it was seen to take.
    assert.ok(budget.expected > 0.1 * pause.truePause, `${budget.expected} of ${pause.truePause} µs`);
    assert.ok(budget.expected < 10 * pause.truePause, `${budget.expected} of ${pause.truePause} µs`);
    assert.match(noticeable[0], /^it stood still for/);
    await goesOn();
  });

  const late = (error: unknown) => {
    assert.ok(StillframeError.is(error) && error.code === 'ERR_CRI_DEADLINE_EXCEEDED', String(error));
    assert.match(error.message, /not done within 1 s/);
    assert.match(error.hint ?? '', /it was rolled back and the container runs on/);
    assert.equal(error.details['remoteCode'], 'ERR_CHECKPOINT_TIMEOUT');
    return true;
  };

  test('that takes longer than the request allows ends as DEADLINE_EXCEEDED, and nothing is left', async () => {
    const out = await folder('late');
    await assert.rejects(
      cri.runtime.checkpointContainer({ containerId, location: join(out, 'c.tar'), timeout: 1n }),
      late,
    );
    assert.deepEqual(await readdir(out), []);
    await goesOn();
  });

  test('of a pod ends so by the node’s configuration', async () => {
    const config = join(lab.folder, 'node.yaml');
    await writeFile(config, 'criu: { timeout: 1 }\n');
    process.env['STILLFRAME_CONFIG'] = config;
    process.kill(pid, 'SIGKILL');
    await startAgain();
    const outputPath = await folder('late-pod');
    const { items } = await cri.runtime.listPodSandbox({});
    const request = { podSandboxId: items[0]?.id ?? '', outputPath, containerIds: [containerId] };
    await assert.rejects(cri.runtime.checkpointPod(request), late);
    assert.deepEqual(await readdir(outputPath), []);
    await goesOn();
    delete process.env['STILLFRAME_CONFIG'];
    process.kill(pid, 'SIGKILL');
    await startAgain();
  });

  test('is completed by a node that is asked to end meanwhile', async () => {
    const out = await folder('ended');
    const asked = cri.runtime.checkpointContainer({ containerId, location: join(out, 'c.tar') });
    await written(out, 32 << 20);
    process.kill(pid, 'SIGTERM');
    await asked;
    assert.deepEqual((await readdir(out)).sort(), ['c.tar', 'c.tar.evidence.json']);
    await lab.stillframe.read(['inspect', join(out, 'c.tar')]);
    await goesOn();
    await startAgain();
  });

  test('is undone after a second signal, which kills', async () => {
    const out = await folder('killed');
    const asked = cri.runtime.checkpointContainer({ containerId, location: join(out, 'c.tar') });
    const answer = assert.rejects(asked);
    await written(out, 32 << 20);
    process.kill(pid, 'SIGTERM');
    await delay(100);
    process.kill(pid, 'SIGTERM');
    await answer;
    await startAgain();
    assert.deepEqual(await readdir(out), []);
    await goesOn();
  });
});

/** How many mappings each process of the container has, by what it runs; what it forks now and then is left out. */
async function mapsOf(containerId: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const text = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
    const argv = await text('cmdline');
    if (!(await text('cgroup')).includes(containerId) || /^sleep\0+0\.05/.test(argv)) continue;
    const lines = (await text('maps')).split('\n').length;
    if (lines > 1 && argv !== '' && /tail/.test(argv.split('\0').slice(0, 2).join(' '))) found.push(`${pid} ${lines}`);
  }
  return found.sort();
}

async function untilEmpty(path: string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(20)) {
    if ((await readdir(path)).length === 0) return;
  }
  assert.deepEqual(await readdir(path), []);
}
