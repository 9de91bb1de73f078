/**
 * Processes that the node keeps in a network namespace of its own beside a pod. Which they are is derived from the kernel,
 * so that a daemon that was not there at their start finds, keeps and ends the same.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from '../container/status.ts';
import { runtimeError } from '../errors.ts';

export interface Resident {
  pid: number;
  /** To tell it from a later process of the same pid; clock ticks since boot. */
  start: string;
  argv: string[];
}

/** Milliseconds between looks, for a process that is asked to end, and for one that is killed. */
const LOOK = 10;
const GRACE = 2000;
const TIMEOUT = 10_000;

/** The processes in the network namespace that is kept at `file`; none where there is no such namespace. */
export async function residentsOf(file: string): Promise<Resident[]> {
  const kept = await stat(file).catch(() => undefined);
  if (!kept) return [];
  const residents: Resident[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const link = await readlink(`/proc/${name}/ns/net`).catch(() => '');
    const start = link === `net:[${kept.ino}]` ? await startOf(Number(name)) : undefined;
    if (start === undefined) continue;
    const argv = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    residents.push({ pid: Number(name), start, argv });
  }
  return residents;
}

/** Ends them all, with a moment to write what they have. Throws ERR_PROCESS_TIMEOUT for one that survives the kill. */
export async function endResidents(file: string): Promise<void> {
  for (const [signal, patience] of [
    ['SIGTERM', GRACE],
    ['SIGKILL', TIMEOUT],
  ] as const) {
    const residents = await residentsOf(file);
    if (residents.length === 0) return;
    for (const { pid, start } of residents) {
      if ((await startOf(pid)) === start) send(pid, signal);
    }
    for (const deadline = Date.now() + patience; Date.now() < deadline; await delay(LOOK)) {
      if ((await residentsOf(file)).length === 0) return;
    }
  }
  throw runtimeError('ERR_PROCESS_TIMEOUT', `processes in the namespace ${file} do not end`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}
