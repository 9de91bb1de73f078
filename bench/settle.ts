/** Bringing the machine into the same state before each turn: what one left behind is no part of another's time. */
import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '@stillframe/demo/stage';

const MEMORY = '/dev/shm';
/** Milliseconds in which Linux has told its host of memory that became free (two seconds, in mm/page_reporting.c), with some to spare. */
const REPORTED = 3000;

/**
 * Waits until the disk has everything that was written, and has the system take and give back `mebibytes` of memory: a virtual
 * machine whose host took back what was free pays for each page anew, up to a second a GiB, and whoever comes next would pay alone.
 */
export async function settle(mebibytes: number): Promise<void> {
  await execute(['sync']);
  await delay(REPORTED);
  const { bavail, bsize } = await statfs(MEMORY);
  if (bavail * bsize < mebibytes * 2 ** 21) return;
  const file = join(MEMORY, `stillframe-bench-${process.pid}`);
  try {
    await execute(['dd', 'if=/dev/zero', `of=${file}`, 'bs=4M', `count=${Math.ceil(mebibytes / 4)}`]);
  } finally {
    await rm(file, { force: true });
  }
}
