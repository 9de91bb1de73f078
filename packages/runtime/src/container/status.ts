/** What state a container is in, derived from the record, the monitor's exit file and the process itself. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord } from '../store/records.ts';

export type ContainerState = 'created' | 'running' | 'exited';

export interface ContainerStatus {
  record: ContainerRecord;
  state: ContainerState;
  /** Nanoseconds since 1970 as a decimal string, where the container has ended. */
  finishedAt?: string;
  exitCode?: number;
  reason: string;
  message: string;
}

/** Derived anew at each call, so that it is right after a restart of the node and after a reboot alike. */
export async function statusOf(context: NodeContext, record: ContainerRecord): Promise<ContainerStatus> {
  if (record.startError !== undefined) {
    const reason = record.restore ? 'RestoreError' : 'StartError';
    return { record, state: 'exited', exitCode: 128, reason, message: record.startError, finishedAt: record.createdAt };
  }
  if (record.startedAt === undefined) return { record, state: 'created', reason: '', message: '' };
  const exit = await exitOf(context, record.id);
  if (exit) {
    const reason = await reasonOf(context, record.id, exit.code);
    return { record, state: 'exited', exitCode: exit.code, reason, message: '', finishedAt: exit.at };
  }
  if (await isAlive(record)) {
    return { record, state: 'running', reason: '', message: '' };
  }
  // The monitor writes its file just after the process is gone; look once more before it is called lost.
  await new Promise((resolve) => setTimeout(resolve, 100));
  const late = await exitOf(context, record.id);
  if (late) {
    const reason = await reasonOf(context, record.id, late.code);
    return { record, state: 'exited', exitCode: late.code, reason, message: '', finishedAt: late.at };
  }
  const message = 'the process is gone and its exit code is not known';
  return { record, state: 'exited', exitCode: 255, reason: 'Unknown', message, finishedAt: record.startedAt };
}

/** The monitor leaves a file `oom` in the bundle when the kernel killed for want of memory. */
async function reasonOf(context: NodeContext, id: string, code: number): Promise<string> {
  if (code === 0) return 'Completed';
  const killed = await stat(join(context.folders.bundles, id, 'oom')).catch(() => undefined);
  return killed ? 'OOMKilled' : 'Error';
}

async function exitOf(context: NodeContext, id: string): Promise<{ code: number; at: string } | undefined> {
  const path = join(context.folders.exits, id);
  try {
    const code = Number((await readFile(path, 'utf8')).trim());
    const { mtimeNs } = await stat(path, { bigint: true });
    return { code: Number.isInteger(code) ? code : 255, at: String(mtimeNs) };
  } catch {
    // No such file yet: the container has not ended.
    return undefined;
  }
}

/** A process as a record has it: a pid alone may be another's by the time it is looked at. */
export async function identityOf(pid: number): Promise<Pick<ContainerRecord, 'pid' | 'pidStart'>> {
  const pidStart = await startOf(pid);
  return pidStart === undefined ? { pid } : { pid, pidStart };
}

/** Whether the first process is the one of the record; one whose start is not known was gone when it was looked at. */
async function isAlive({ pid, pidStart }: ContainerRecord): Promise<boolean> {
  return pid !== undefined && pidStart !== undefined && (await startOf(pid)) === pidStart;
}

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); undefined where it is gone or a zombie. */
export async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command name may hold spaces and parentheses; the last one ends it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
