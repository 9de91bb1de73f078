/** Checkpointing: our node beside bare `runc checkpoint --leave-running`, on the same container. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openFileSource } from '@stillframe/core/file';
import { decodeImage, framedKind } from '@stillframe/criu-image';
import { execute } from '@stillframe/demo/stage';
import { type Contest, inTurn, timeOf } from './contest.ts';
import type { Stage, Workload } from './stage.ts';

/** Gives the contests of the pause and of the whole, and the last archive. */
export async function captureContests(
  stage: Stage,
  workload: Workload,
  rounds: number,
): Promise<{ contests: Contest[]; archive: string }> {
  const folder = join(stage.lab.folder, 'bench');
  await mkdir(folder, { recursive: true });
  const archive = join(folder, `${workload.containerID}.tar`);
  const [ours, peer] = await inTurn(
    rounds,
    () => byNode(stage, workload, archive),
    () => byRunc(stage, workload, folder),
  );
  const contests = [
    {
      title: `true pause, ${workload.title}`,
      ours: { name: 'stillframe, seen from outside', milliseconds: ours.map(({ pause }) => pause) },
      peer: { name: "runc checkpoint, CRIU's own frozen_time", milliseconds: peer.map(({ frozen }) => frozen) },
      note: 'ours holds the container for the filesystem diff and the log as well',
    },
    {
      title: `request to archive, ${workload.title}`,
      ours: { name: 'stillframe checkpoint', milliseconds: ours.map(({ whole }) => whole) },
      peer: { name: 'runc checkpoint, whole', milliseconds: peer.map(({ whole }) => whole) },
      note: 'ours packs, hashes and syncs one archive; runc leaves a folder of images, unsynced',
    },
  ];
  return { contests, archive };
}

async function byNode(stage: Stage, { address }: Workload, archive: string) {
  for (const path of [archive, `${archive}.evidence.json`, `${archive}.custody.jsonl`]) await rm(path, { force: true });
  const made = await stage.lab.stillframe.json<{ truePauseMicroseconds: number; requestMilliseconds: number }>(
    ['checkpoint', address],
    ['--export', archive],
  );
  return { pause: made.truePauseMicroseconds / 1000, whole: made.requestMilliseconds };
}

async function byRunc(stage: Stage, { containerID }: Workload, folder: string) {
  const images = join(folder, 'runc-images');
  const work = join(folder, 'runc-work');
  for (const each of [images, work]) await mkdir(each);
  try {
    const whole = await timeOf(() =>
      execute([
        ...[...stage.runc, 'checkpoint', '--leave-running', '--image-path', images, '--work-path', work],
        containerID,
      ]),
    );
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
