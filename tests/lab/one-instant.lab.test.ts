/** Files and memory of one instant: a process that writes all the while, captured again and again. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openCheckpoint, openRootfsDiff } from '@stillframe/checkpoint';
import { limits, readAll } from '@stillframe/core';
import { type CriClient, openCriClient, ROOTFS_METADATA } from '@stillframe/cri/client';
import { decodeCapture } from '@stillframe/evidence';
import { needs } from '@stillframe/testkit';
import { type Lab, openLab } from './lab.ts';

const { skip } = needs('checkpoint', 'docker-registry');
const ROUNDS = 20;
/** Copies that are restored at a time. */
const BATCH = 5;
/**
 * A counter in the shell's memory, then the same number at the end of a file that it holds open and that grows, then in
 * one that it rewrites in place. Whenever it is stopped, each is what the one before it is, or one less.
 */
const SCRIPT = `trap 'exit 0' TERM; exec 3>>/tmp/grown; i=0
  while :; do i=$((i+1)); echo $i >&3; echo $i 1<>/tmp/rewritten; [ $((i % 50)) = 0 ] && sleep 0.01; done`;

describe('a process that writes all the while', { skip }, () => {
  let lab: Lab;
  let cri: CriClient;
  before(async () => {
    lab = await openLab();
    cri = await openCriClient({ socket: join(lab.folder, 'state/cri.sock'), timeoutMs: 120_000 });
    await cri.image.pullImage({ image: { image: lab.image } });
  });
  after(async () => {
    await cri?.[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const start = async (name: string, image: string, command: string[] = []) => {
    const config = {
      metadata: { name, uid: name, namespace: 'default' },
      logDirectory: join(lab.folder, 'logs'),
      annotations: { 'io.stillframe.network': 'none' },
    };
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config });
    const container = { metadata: { name: 'writer' }, image: { image }, command, logPath: `${name}.log` };
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
    await cri.runtime.startContainer({ containerId });
    return { podSandboxId, containerId };
  };
  const read = async (containerId: string, path: string) => {
    const { stdout } = await cri.runtime.execSync({ containerId, cmd: ['cat', path], timeout: 30n });
    return Buffer.from(stdout).toString();
  };

  test(`is captured ${ROUNDS} times under load, and file and memory of every copy are of one instant`, async () => {
    const { podSandboxId, containerId } = await start('writer', lab.image, ['sh', '-c', SCRIPT]);
    const load = await start('load', lab.image, ['sh', '-c', "trap 'exit 0' TERM; while :; do :; done"]);
    const folder = join(lab.folder, 'rounds');
    await mkdir(folder);
    const archives = Array.from({ length: ROUNDS }, (_none, round) => join(folder, `${round}.tar`));
    for (const location of archives) await cri.runtime.checkpointContainer({ containerId, location });
    await cri.runtime.removePodSandbox({ podSandboxId });

    const instants = await Promise.all(archives.map(instantOf));
    for (const [round, { remembered, grown, rewritten }] of instants.entries()) {
      const said = `round ${round}: memory ${remembered}, grown ${grown}, rewritten ${rewritten}`;
      assert.ok(grown > (instants[round - 1]?.grown ?? 0), `${said}: it went on between captures`);
      assert.ok(remembered === grown || remembered === grown + 1, said);
      assert.ok(rewritten === grown || rewritten === grown - 1, said);
    }
    const copy = async (round: number) => {
      const made = await start(`copy-${round}`, archives[round] ?? '');
      const captured = instants[round]?.grown ?? 0;
      const lines = await linesBeyond(() => read(made.containerId, '/tmp/grown'), captured + 3);
      const wrong = lines.findIndex((line, at) => line !== String(at + 1));
      assert.equal(wrong, -1, `round ${round}, captured at ${captured}: line ${wrong + 1} is ${lines[wrong]}`);
      const rewritten = Number((await read(made.containerId, '/tmp/rewritten')).trim());
      assert.ok(rewritten > captured, `round ${round}: it rewrites on: ${rewritten}`);
      await cri.runtime.removePodSandbox({ podSandboxId: made.podSandboxId });
    };
    for (let from = 0; from < ROUNDS; from += BATCH) {
      await Promise.all(archives.slice(from, from + BATCH).map((_archive, at) => copy(from + at)));
    }
    await cri.runtime.removePodSandbox({ podSandboxId: load.podSandboxId });
  });

  test('has files later than its memory where they are taken live on request, and the evidence says so', async () => {
    await start('live', lab.image, ['sh', '-c', SCRIPT]);
    await delay(300);
    const asked = async (...options: string[]) =>
      await lab.stillframe.json<{
        archive: string;
        rootfs: string;
        truePauseMicroseconds: number;
        dumpMicroseconds: number;
        rootfsMicroseconds: number;
      }>(['checkpoint', 'default/live/writer'], options);
    const frozen = await asked();
    assert.equal(frozen.rootfs, 'frozen');
    assert.ok(frozen.dumpMicroseconds + frozen.rootfsMicroseconds <= frozen.truePauseMicroseconds);
    const live = await asked('--rootfs', 'live');
    assert.equal(live.rootfs, 'live');
    assert.ok(live.rootfsMicroseconds > 0 && live.dumpMicroseconds <= live.truePauseMicroseconds);
    const { remembered, grown } = await instantOf(live.archive);
    assert.ok(grown > remembered + 1, `memory ${remembered}, grown ${grown}`);
    await using evidence = await openCheckpoint(live.archive);
    assert.equal(evidence.metadata.capture?.rootfsDiff, 'live');
    assert.equal(decodeCapture(await readFile(`${live.archive}.evidence.json`, 'utf8')).rootfs, 'live');
    const { body } = await lab.curl('/metrics', { method: 'GET' });
    assert.match(body, /stillframe_checkpoint_rootfs_seconds_count\{taken="live"\} 1\n/);
    assert.match(body, /stillframe_checkpoint_rootfs_seconds_count\{taken="frozen"\} \d+\n/);
    const { stdout: table } = await lab.stillframe.atNode(['checkpoint', 'default/live/writer', '--rootfs', 'live']);
    assert.match(table, /^changed files, after the pause +\d/m);
    const { containers } = await cri.runtime.listContainers({});
    const containerId = containers.find(({ metadata }) => metadata?.name === 'writer')?.id ?? '';
    const metadata = { [ROOTFS_METADATA]: 'later' };
    const request = { containerId, location: join(lab.folder, 'never.tar') };
    await assert.rejects(cri.runtime.checkpointContainer(request, { metadata }), /neither "frozen" nor "live"/);
  });
});

/** What an archive holds of the three places; nothing of it is run. */
async function instantOf(path: string): Promise<{ remembered: number; grown: number; rewritten: number }> {
  await using checkpoint = await openCheckpoint(path);
  const text = async (bytes: ReturnType<typeof checkpoint.archive.open>) =>
    Buffer.from(await readAll(bytes, { limit: limits.json })).toString('latin1');
  const memory = await text(checkpoint.archive.open('checkpoint/pages-1.img'));
  // The shell keeps a variable as one text; older ones may lie about where they were freed.
  const remembered = Math.max(...[...memory.matchAll(/\0i=(\d+)\0/g)].map(([, digits]) => Number(digits)));
  await using diff = await openRootfsDiff(checkpoint);
  assert.ok(diff, 'its files are there');
  const lines = (await text(diff.open('tmp/grown'))).split('\n');
  assert.equal(lines.pop(), '', 'the last line is whole');
  assert.deepEqual(
    lines.findIndex((line, at) => line !== String(at + 1)),
    -1,
  );
  return { remembered, grown: lines.length, rewritten: Number((await text(diff.open('tmp/rewritten'))).trim()) };
}

/** Whole lines, once there are as many as `least`. */
async function linesBeyond(content: () => Promise<string>, least: number): Promise<string[]> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
    const lines = (await content()).split('\n').slice(0, -1);
    if (lines.length >= least) return lines;
  }
  return assert.fail(`there are never ${least} lines: the copy does not go on`);
}
