/** Programs that outlived the node which started them, and still work on a container's bundle or CRIU images. */
import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runtimeError } from '../errors.ts';

/** Milliseconds between two looks. */
const LOOK = 50;
/** Milliseconds that an OCI runtime may take to end once nobody waits for it: a dump of all memory may be under way. */
const PATIENCE = 600_000;

interface Found {
  pid: number;
  argv: readonly string[];
}

/** Waits until no OCI runtime dumps to, or restores from, a folder in `folder`. Throws ERR_PROCESS_TIMEOUT. */
export function imagesSettle(folder: string): Promise<void> {
  return settle(
    `a dump into ${folder}`,
    async () => !(await naming('--image-path', isWithin(folder))).some(isOciRuntime),
  );
}

/**
 * Waits until what is made from `bundle` either has its first process, whose pid then stands in `pidFile`, or has failed
 * and has no monitor any more. Throws ERR_PROCESS_TIMEOUT.
 */
export function bundleSettles(bundle: string, pidFile: string): Promise<void> {
  return settle(`the making of ${bundle}`, async () => {
    const found = await naming('--bundle', (value) => value === bundle);
    if (found.some(isOciRuntime)) return false;
    return !found.some(isMonitor) || (await readFile(pidFile, 'utf8').catch(() => '')) !== '';
  });
}

/** Ends the monitors of `bundle`, so that they start nothing more, and waits for what they have started to end. */
export async function endMonitors(bundle: string): Promise<void> {
  await settle(`the making of ${bundle}`, async () => {
    const found = await naming('--bundle', (value) => value === bundle);
    for (const { pid } of found.filter(isMonitor)) kill(pid);
    return found.length === 0;
  });
}

/** Whether the monitor of `bundle` lives: without it nobody notes how the container ends. */
export async function hasMonitor(bundle: string): Promise<boolean> {
  return (await naming('--bundle', (value) => value === bundle)).some(isMonitor);
}

/** nsenter(1) is what becomes the monitor of a restore. */
const isMonitor = ({ argv: [program = ''] }: Found) => ['conmon', 'nsenter'].includes(basename(program));
const isOciRuntime = (found: Found) => !isMonitor(found);
const isWithin = (folder: string) => (value: string) => value === folder || value.startsWith(`${folder}/`);

/** Processes that were given `option` with a value that fits. */
async function naming(option: string, fits: (value: string) => boolean): Promise<Found[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (name) => ({
      pid: Number(name),
      argv: (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0'),
    })),
  );
  return all.filter(({ argv }) => argv.some((word, index) => word === option && fits(argv[index + 1] ?? '')));
}

async function settle(what: string, settled: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(LOOK)) if (await settled()) return;
  throw runtimeError('ERR_PROCESS_TIMEOUT', `${what} does not come to an end`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}
