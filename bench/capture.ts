/** Checkpointing: how long the container stands still, and how long until there is an archive. */
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openFileSource } from '@stillframe/core/file';
import { decodeImage, framedKind } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { type Contest, inTurn, type Opponent, timeOf } from './contest.ts';
import { settle } from './settle.ts';
import type { Stage, Workload } from './stage.ts';

/** Contests of the pause and of the whole. `bars`: what the design asks for at this size. */
export async function captureContests(
  stage: Stage,
  { mebibytes, title, bars }: { mebibytes: number; title: string; bars: boolean },
  rounds: number,
): Promise<Contest[]> {
  const workload = await stage.workload(mebibytes);
  const podman = await stage.podman(mebibytes);
  const archive = join(stage.folder, `capture-${mebibytes}.tar`);
  const exported = join(stage.folder, `podman-${mebibytes}.tar`);
  const pauses = { ours: [] as number[], runc: [] as number[], podman: [] as number[] };
  /** Times the whole, and keeps the pause of the same round; of the one that does not count nothing. */
  const both = (kept: number[], pauseOf: (work: () => Promise<void>) => Promise<number>, work: () => Promise<void>) => {
    let counted = false;
    return async () => {
      let whole = 0;
      const pause = await pauseOf(async () => {
        whole = await timeOf(work);
      });
      if (counted) kept.push(pause);
      counted = true;
      return whole;
    };
  };
  const remove = (paths: readonly string[]) => Promise.all(paths.map((path) => rm(path, { force: true })));
  const ours = both(
    pauses.ours,
    (work) => workload.probe.pauseOf(work),
    async () => void (await stage.stillframe.json(['checkpoint', workload.address], ['--export', archive])),
  );
  const bare = async () => {
    const { frozen, whole } = await byRunc(stage, workload);
    pauses.runc.push(frozen);
    return whole;
  };
  const byPodman =
    podman &&
    both(
      pauses.podman,
      (work) => podman.probe.pauseOf(work),
      async () => {
        const how = ['--leave-running', '--compress', 'none', '--export', exported];
        await podman.run('container', 'checkpoint', ...how, podman.name);
      },
    );
  const fresh = [archive, `${archive}.evidence.json`, `${archive}.custody.jsonl`];
  const [mine = [], runc = [], theirs = []] = await inTurn(rounds, [ours, bare, byPodman], async () => {
    await remove([...fresh, exported]);
    await settle(2 * mebibytes);
  });
  await remove([...fresh, exported]);
  const bar = (held: Opponent['bar']) => (bars ? { bar: held } : {});
  return [
    {
      title: `true pause, ${title}`,
      unit: 'ms',
      ours: { name: 'stillframe checkpoint', figures: pauses.ours },
      others: [
        // Its first round does not count either.
        {
          name: "runc checkpoint, CRIU's frozen_time",
          figures: pauses.runc.slice(1),
          ...bar({ times: 1.15, plus: 50 }),
        },
        { name: 'podman container checkpoint', figures: pauses.podman },
        ...(bars ? [] : [{ name: 'at most 150 ms', figures: [150], bar: { times: 1 } }]),
      ],
      note: 'ours and podman’s are seen from inside the container; ours has the filesystem diff and the log in it',
    },
    {
      title: `request to archive, ${title}`,
      unit: 'ms',
      ours: { name: 'stillframe checkpoint --export', figures: mine },
      others: [
        { name: 'podman container checkpoint --export, uncompressed', figures: theirs, ...bar({ times: 0.35 }) },
        { name: 'the floor: runc checkpoint, and its images synced', figures: runc, ...bar({ times: 1.15 }) },
      ],
      note: 'ours is hashed twice, signed and synced, podman’s is not; at most 1.15 of the floor holds as well',
    },
  ];
}

/** A bare dump; `whole` includes bringing its images to the disk. */
async function byRunc(stage: Stage, { containerID }: Workload): Promise<{ frozen: number; whole: number }> {
  const images = join(stage.folder, 'runc-images');
  const work = join(stage.folder, 'runc-work');
  for (const each of [images, work]) await mkdir(each);
  try {
    const dump = [...stage.runc, 'checkpoint', '--leave-running', '--image-path', images, '--work-path', work];
    const whole = await timeOf(async () => {
      await execute([...dump, containerID]);
      for (const name of await readdir(images)) {
        await using file = await open(join(images, name));
        await file.sync();
      }
    });
    return { frozen: await frozenTime(images, work), whole };
  } finally {
    for (const each of [images, work]) await rm(each, { recursive: true, force: true });
  }
}

/** Milliseconds, from the stats-dump that CRIU leaves in one of the two folders. */
async function frozenTime(...folders: string[]): Promise<number> {
  for (const folder of folders) {
    const source = await openFileSource(join(folder, 'stats-dump')).catch(() => undefined);
    if (source === undefined) continue;
    await using _open = source;
    for await (const { message } of decodeImage(framedKind('stats-dump'), source, () => undefined)) {
      const { dump } = message as { dump?: { frozenTime: number } };
      if (dump) return dump.frozenTime / 1000;
    }
  }
  throw new Error('CRIU left no statistics');
}
