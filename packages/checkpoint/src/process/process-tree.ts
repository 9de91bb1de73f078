/** The processes of a dump (pstree, core images). Names are raw text of the evidence: make them harmless where shown. */

import { limits } from '@stillframe/core';
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { core_entry } from '@stillframe/criu-image/proto';

/** `dead` is a zombie. */
export type ProcessState = 'alive' | 'dead' | 'stopped' | 'unknown';

/** One thread of a process. */
export interface Thread {
  /** In the PID namespace of the dump. */
  readonly tid: number;
  readonly comm: string | undefined;
}

/** Who a process acts as; ids are those inside its user namespace. */
export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  readonly groups: readonly number[];
  /** Effective capabilities as in /proc/PID/status: 64 bits. */
  readonly effectiveCapabilities: bigint;
  readonly noNewPrivileges: boolean;
}

/** One process. Pids are those in the PID namespace of the dump. */
export interface Process {
  readonly pid: number;
  /** 0 for the root of the tree, and where the tree is lost. */
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Undefined where the core image is missing or damaged. */
  readonly comm: string | undefined;
  readonly state: ProcessState;
  /** As waitpid gives it; of use for a dead process only. */
  readonly exitCode: number | undefined;
  readonly threads: readonly Thread[];
  /** Of the main thread. */
  readonly credentials: Credentials | undefined;
}

/** A process with those whose parent it is, ordered by pid. */
export interface ProcessNode extends Process {
  readonly children: readonly ProcessNode[];
}

/** task_core_entry.task_state (CRIU image.h). */
const STATES: Readonly<Record<number, ProcessState>> = { 1: 'alive', 2: 'dead', 3: 'stopped' };

/**
 * All processes in the order of the pstree image. A pid that occurs twice counts once, with a diagnostic. Without that image
 * those that have a core image, with a diagnostic: who was whose child is lost then.
 */
export async function readProcesses(images: ImageSet, options: SignalOptions = {}): Promise<readonly Process[]> {
  const processes = new Map<number, Process>();
  let tasks = 0;
  for await (const entry of images.entries('pstree', undefined, options)) {
    if (processes.has(entry.pid)) {
      const message = `process ${entry.pid} occurs twice`;
      images.report({ id: 'process-duplicate', severity: 'warning', source: 'pstree.img', message });
      continue;
    }
    tasks += Math.max(1, entry.threads.length);
    if (tasks > limits.tasks) break;
    const core = await images.single('core', entry.pid, options);
    processes.set(entry.pid, {
      pid: entry.pid,
      ppid: entry.ppid,
      pgid: entry.pgid,
      sid: entry.sid,
      comm: core?.tc?.comm,
      state: STATES[core?.tc?.taskState ?? 0] ?? 'unknown',
      exitCode: core?.tc?.exitCode,
      threads: await readThreads(images, entry.pid, entry.threads, core, options),
      credentials: credentialsOf(core),
    });
  }
  return processes.size > 0 ? [...processes.values()] : orphans(images, options);
}

/** The processes of a set whose tree is lost; which threads belonged to one is in the tree alone. */
async function orphans(images: ImageSet, options: SignalOptions): Promise<readonly Process[]> {
  if (images.images.length === 0) return [];
  const missing = images.source('pstree') === undefined;
  const message = `the process tree ${missing ? 'is missing' : 'cannot be read'}; parents and threads are not known`;
  images.report({ id: 'process-tree-missing', severity: 'error', source: 'pstree.img', message });
  const processes: Process[] = [];
  for (const pid of images.ids('core')) {
    const core = await images.single('core', pid, options);
    // The core image of a thread other than the first has no such part.
    if (!core?.tc) continue;
    const { comm, taskState, exitCode } = core.tc;
    processes.push({
      ...{ pid, ppid: 0, pgid: 0, sid: 0, comm, exitCode },
      state: STATES[taskState] ?? 'unknown',
      threads: [{ tid: pid, comm: core.threadCore?.comm || comm }],
      credentials: credentialsOf(core),
    });
  }
  return processes;
}

/** A forest: roots are those whose parent is not among `processes`, and one of every circle of parents a forger made. */
export function processTree(processes: readonly Process[]): readonly ProcessNode[] {
  const ordered = [...processes].sort((a, b) => a.pid - b.pid);
  const pids = new Set(ordered.map(({ pid }) => pid));
  const childrenOf = Map.groupBy(ordered, ({ ppid }) => ppid);
  const placed = new Set<number>();
  const roots: ProcessNode[] = [];
  const place = (root: Process) => {
    const waiting: { process: Process; siblings: ProcessNode[] }[] = [{ process: root, siblings: roots }];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { process, siblings } = next;
      if (placed.has(process.pid)) continue;
      placed.add(process.pid);
      const children: ProcessNode[] = [];
      siblings.push({ ...process, children });
      // Reversed, since the last one put on the pile is the first one taken off it.
      for (const child of (childrenOf.get(process.pid) ?? []).toReversed())
        waiting.push({ process: child, siblings: children });
    }
  };
  for (const process of ordered) if (!pids.has(process.ppid)) place(process);
  for (const process of ordered) if (!placed.has(process.pid)) place(process);
  return roots;
}

async function readThreads(
  images: ImageSet,
  pid: number,
  tids: readonly number[],
  main: core_entry | undefined,
  options: SignalOptions,
): Promise<readonly Thread[]> {
  // CRIU writes memory that nobody set for the thread of a zombie.
  if (STATES[main?.tc?.taskState ?? 0] === 'dead') return [{ tid: pid, comm: main?.tc?.comm }];
  const threads: Thread[] = [];
  for (const tid of tids) {
    const core = tid === pid ? main : await images.single('core', tid, options);
    threads.push({ tid, comm: core?.threadCore?.comm || core?.tc?.comm });
  }
  return threads;
}

function credentialsOf(core: core_entry | undefined): Credentials | undefined {
  const creds = core?.threadCore?.creds;
  if (!creds) return undefined;
  const { uid, gid, euid, egid, groups, capEff, noNewPrivs } = creds;
  const [low = 0, high = 0] = capEff;
  const effectiveCapabilities = (BigInt(high) << 32n) | BigInt(low);
  return { uid, gid, euid, egid, groups, effectiveCapabilities, noNewPrivileges: noNewPrivs !== 0 };
}
