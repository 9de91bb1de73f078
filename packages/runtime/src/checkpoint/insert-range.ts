/** Putting room before a file's bytes without moving them (fallocate(2), FALLOC_FL_INSERT_RANGE; ext4 and xfs). */
import { run } from '../process/run.ts';

/** False where the filesystem or the length does not allow it; the file is then unchanged. */
export async function insertFront(path: string, length: number): Promise<boolean> {
  const argv = ['fallocate', '--insert-range', '--offset', '0', '--length', String(length), path];
  return (await run(argv, { timeout: 600_000 })).code === 0;
}
