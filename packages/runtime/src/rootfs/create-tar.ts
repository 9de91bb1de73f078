/** The tar of a folder of a container, standing still or not. */
import { failure, type RunOptions, run } from '../process/run.ts';

/** What tar(1) exits with where a file grew, shrank, changed or went while it was read (GNU tar manual, Exit status). */
const DIFFERS = 1;
const TIMEOUT = 24 * 3600_000;

export interface TarSource {
  /** Where the archive goes. */
  path: string;
  folder: string;
  /** Further arguments: options, and what of `folder` is packed. */
  args: readonly string[];
  /**
   * Whether processes go on writing there. Then what changes while it is read, or has gone before it is, is no reason to
   * lose the rest: the archive holds it as it was read, or not at all. Otherwise that is an error.
   */
  changing: boolean;
}

/** Packs with owners by number and holes kept, in the pax form. Throws ERR_PROCESS_FAILED. */
export async function createTar({ path, folder, args, changing }: TarSource, options: RunOptions = {}): Promise<void> {
  const argv = [
    'tar',
    '--create',
    '--file',
    path,
    '--directory',
    folder,
    '--format=pax',
    '--numeric-owner',
    '--sparse',
  ];
  argv.push(...(changing ? ['--ignore-failed-read'] : []), ...args);
  const result = await run(argv, { timeout: TIMEOUT, ...options });
  if (result.code !== 0 && !(changing && result.code === DIFFERS)) throw failure(argv, result);
}
