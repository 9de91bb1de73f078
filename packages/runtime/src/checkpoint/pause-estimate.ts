/**
 * How long a freeze will take, before anything is frozen: from the memory that CRIU will write, what changed in the files, and
 * how fast the archive's disk takes bytes at this moment. An estimate: it errs on the long side.
 */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { containerFolders } from '../container/folders.ts';
import type { NodeContext } from '../context.ts';
import { openCgroup } from '../stats/cgroup-folder.ts';
import { FolderSizes } from '../stats/folder-size.ts';
import { cgroupOf } from '../stats/stats-reader.ts';
import type { ContainerRecord } from '../store/records.ts';

export interface PauseEstimate {
  /** Processes of all containers of the freeze. */
  processes: number;
  /** Bytes of their memory that is not backed by files: what is written to the disk. */
  memory: number;
  /** Bytes of changed files that are packed while they stand still. */
  files: number;
  /** Bytes a second that the disk was seen to take. */
  rate: number;
  /** Microseconds. */
  expected: number;
}

/** What an estimate is made of. */
export interface PauseFacts extends Omit<PauseEstimate, 'expected'> {
  containers: number;
}

/** Microseconds that a dump takes with hardly any memory: runc, CRIU's start, the network's lock. */
const PER_CONTAINER = 130_000;
/** Microseconds for each process: CRIU's own code goes in and out of it, and a dozen images are written. */
const PER_PROCESS = 4_000;
/** CRIU's way through pipes, as a share of what plain writes reach. */
const CRIU_SHARE = 0.6;
/** tar's, likewise. */
const TAR_SHARE = 0.5;
/** Bytes written to see how fast that goes. */
const PROBE = 32 << 20;
/** Processes whose memory is looked at; beyond that the rest counts as the mean of these. */
const MOST_PROCESSES = 2048;

/** The estimate for facts that are known. */
export function estimateOf({ containers, processes, memory, files, rate }: PauseFacts): PauseEstimate {
  const writing = (memory / (rate * CRIU_SHARE) + files / (rate * TAR_SHARE)) * 1e6;
  const expected = Math.round(containers * PER_CONTAINER + processes * PER_PROCESS + writing);
  return { processes, memory, files, rate, expected };
}

/**
 * Looks at the containers and at the disk of `folder`, an existing folder on the filesystem of the archive. `packed`: those whose
 * changed files are packed in the freeze. Writes and removes 32 MiB there; throws the system's error where that does not go.
 */
export async function estimatePause(
  context: NodeContext,
  records: readonly ContainerRecord[],
  packed: readonly ContainerRecord[],
  folder: string,
): Promise<PauseEstimate> {
  let processes = 0;
  let memory = 0;
  for (const record of records) {
    const sandbox = context.sandboxes.get(record.sandboxID);
    const found = await memoryOf(sandbox && cgroupOf(sandbox, record));
    processes += found.processes;
    memory += found.bytes;
  }
  let files = 0;
  for (const { id } of packed) files += Number((await new FolderSizes().of(containerFolders(context, id).upper)).bytes);
  return estimateOf({ containers: records.length, processes, memory, files, rate: await probe(folder) });
}

/** Pages that two processes share since a fork are written for each; shared memory once, which the cgroup tells. */
async function memoryOf(path: string | undefined): Promise<{ processes: number; bytes: number }> {
  const cgroup = path === undefined ? undefined : await openCgroup(path);
  const pids = ((await cgroup?.text('memory', 'cgroup.procs')) ?? '').split('\n').filter(Boolean);
  const seen = pids.slice(0, MOST_PROCESSES);
  let anonymous = 0;
  for (const pid of seen) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    for (const name of ['RssAnon', 'VmSwap']) {
      anonymous += Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
    }
  }
  const table = await cgroup?.table('memory', 'memory.stat');
  const shared = Number(table?.get('shmem') ?? 0n);
  const scale = seen.length === 0 ? 1 : pids.length / seen.length;
  return { processes: pids.length, bytes: Math.round(anonymous * scale) + shared };
}

/** Bytes a second; not synced, as CRIU's own writes are not. */
async function probe(folder: string): Promise<number> {
  const path = join(folder, 'pause-probe');
  const chunk = Buffer.alloc(1 << 20, 0x5a);
  try {
    await using file = await open(path, 'wx', 0o600);
    const from = process.hrtime.bigint();
    for (let at = 0; at < PROBE; at += chunk.length) await file.write(chunk, 0, chunk.length, at);
    const seconds = Number(process.hrtime.bigint() - from) / 1e9;
    return Math.round(PROBE / Math.max(seconds, 1e-6));
  } finally {
    await rm(path, { force: true });
  }
}
