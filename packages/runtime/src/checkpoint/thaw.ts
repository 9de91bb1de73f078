/** Letting a frozen container run: by its cgroup's own file, since starting a program for it would be a part of the pause. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import { cgroupOf } from '../stats/stats-reader.ts';
import type { ContainerRecord } from '../store/records.ts';

const ROOT = '/sys/fs/cgroup';

/** Throws ERR_PROCESS_FAILED where neither the cgroup nor the OCI runtime can do it. */
export async function thaw(context: NodeContext, record: ContainerRecord): Promise<void> {
  const sandbox = context.sandboxes.get(record.sandboxID);
  if (sandbox && (await thawCgroup(cgroupOf(sandbox, record)))) return;
  await context.oci.resume(record.id);
}

/** False where the cgroup has no such file, does not take it, or is not thawed by it. */
export async function thawCgroup(path: string, root = ROOT): Promise<boolean> {
  // Version 1, also beside version 2: the OCI runtimes then freeze by it.
  if (await put(join(root, 'freezer', path, 'freezer.state'), 'THAWED')) return true;
  return await put(join(root, path, 'cgroup.freeze'), '0');
}

async function put(file: string, word: string): Promise<boolean> {
  try {
    // Never made anew: where it is missing, the folder is no cgroup.
    await writeFile(file, word, { flag: 'r+' });
    return (await readFile(file, 'utf8')).trim() === word;
  } catch {
    return false;
  }
}
