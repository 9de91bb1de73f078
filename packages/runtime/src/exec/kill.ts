/** Killing what an exec has started: the program, its kernel session, and every descendant that can be found. */
import { readdir, readFile } from 'node:fs/promises';
import { systemCode } from '@stillframe/core';

/** What proc(5) says of one process, as far as it matters here. */
export interface ProcessFacts {
  pid: number;
  parent: number;
  session: number;
}

/** Rounds in which processes that were forked meanwhile are looked for. */
const ROUNDS = 5;

/**
 * Kills the process whose host pid stands in `pidFile`, and what it has started. An OCI runtime makes the program of an
 * exec the leader of a session of its own, so that its children are found also when they have lost their parent; one
 * that has made itself a session and lost its parent is a daemon of the container's own and stays.
 * Does nothing where the file is not there or its process is not in container `containerID` (any more).
 */
export async function killExec(pidFile: string, containerID: string): Promise<void> {
  const leader = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(leader) || leader <= 1) return;
  for (let round = 0; round < ROUNDS; round += 1) {
    const doomed = sessionOf(leader, await processes());
    const inside: number[] = [];
    for (const pid of doomed) if (await isInContainer(pid, containerID)) inside.push(pid);
    if (inside.length === 0) return;
    for (const pid of inside) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The pids of the session that `leader` leads and of all descendants of its members. */
export function sessionOf(leader: number, all: readonly ProcessFacts[]): Set<number> {
  const found = new Set(all.filter(({ pid, session }) => pid === leader || session === leader).map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** Reads the fields of /proc/PID/stat that follow the command name, which may itself hold spaces and parentheses. */
export function factsOf(stat: string): ProcessFacts | undefined {
  const pid = Number.parseInt(stat, 10);
  const [state, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!Number.isInteger(pid) || session === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, parent: Number(parent), session: Number(session) };
}

async function processes(): Promise<ProcessFacts[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((stat) => factsOf(stat) ?? []);
}

/** A pid may have been used again; the cgroup of a container bears its id. */
async function isInContainer(pid: number, containerID: string): Promise<boolean> {
  return (await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')).includes(containerID);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself meanwhile.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}
