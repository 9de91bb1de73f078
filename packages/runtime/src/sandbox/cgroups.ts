/** Cgroup folders that an OCI runtime leaves: it removes a container's own, never the parent it made for it. */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** Removes `parent` and its empty parents in every hierarchy where no process or other container is in it any more. */
export async function removeCgroups(parent: string): Promise<void> {
  const parts = parent.split('/').filter(Boolean);
  for (let depth = parts.length; depth > 0; depth -= 1) {
    for (const hierarchy of await hierarchies()) {
      // A cgroup that is in use refuses, which is what is wanted.
      await rmdir(join(hierarchy, ...parts.slice(0, depth))).catch(() => undefined);
    }
  }
}

/** Removes `path` and all below it in every hierarchy, where no process is in it: a restore that failed leaves such. */
export async function removeCgroupTree(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await removeTree(join(hierarchy, path));
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder).catch(() => undefined);
}

async function hierarchies(): Promise<string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true }).catch(() => []);
  return [ROOT, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(ROOT, entry.name))];
}
