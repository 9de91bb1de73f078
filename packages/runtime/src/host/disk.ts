/** Room for checkpoints, and whether the filesystem can take an archive's header without copying the memory. */
import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '@stillframe/core';
import type { CheckResult, HostCheck } from './check.ts';

/** Numbers of statfs(2) of filesystems on which fallocate(2) can insert a range. */
const INSERTING = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
]);
const GiB = 2 ** 30;

export const disk: HostCheck = {
  id: 'disk',
  title: 'room for checkpoints',
  required: true,
  async probe({ stateRoot }) {
    const { type, bsize, bavail } = await statOfNearest(stateRoot);
    return judgeDisk(stateRoot, bsize * bavail, type);
  },
};

/** Judges free bytes and the filesystem's number of statfs(2). */
export function judgeDisk(path: string, free: number, type: number): CheckResult {
  const name = INSERTING.get(type);
  const found = `${(free / GiB).toFixed(1)} GiB free for ${path}${name ? ` (${name})` : ''}`;
  if (free < 64 * 2 ** 20)
    return { status: 'broken', found, remedy: 'free space: a checkpoint takes the memory of its container' };
  if (free < GiB)
    return { status: 'limited', found, remedy: 'free space: a checkpoint takes the memory of its container' };
  if (name) return { status: 'ok', found };
  const remedy = 'on ext4 or xfs the memory of a container is written once; here it is copied into the archive';
  return { status: 'limited', found: `${found}, of another type than ext4 and xfs`, remedy };
}

/** The filesystem of `path` or of its nearest folder that exists. */
async function statOfNearest(path: string): Promise<StatsFs> {
  try {
    return await statfs(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return statOfNearest(dirname(path));
  }
}
