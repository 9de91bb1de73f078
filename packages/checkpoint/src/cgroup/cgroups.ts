/** Control groups of a dump (cgroup.img): where each task was, and what the groups allowed. Text is raw. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { cgroup_dir_entry, cgroup_perms } from '@stillframe/criu-image/proto';
import { readProcesses } from '../process/process-tree.ts';

/** Where tasks of a set are in one hierarchy. */
export interface CgroupMember {
  /** `memory`; `name=systemd` for a hierarchy without a controller; empty for that of version 2. */
  readonly controller: string;
  readonly path: string;
}

/** Tasks of one set are in the same group of every hierarchy. */
export interface CgroupSet {
  readonly id: number;
  /** Whether CRIU itself was in it. */
  readonly ofDumper: boolean;
  readonly members: readonly CgroupMember[];
  /** Processes whose main thread is in it. */
  readonly pids: readonly number[];
  /** Other threads in it whose process is in another set. */
  readonly tids: readonly number[];
}

/** A file of a group. */
export interface CgroupProperty {
  readonly name: string;
  /** Without the newline at its end. */
  readonly value: string;
}

/** One group of a hierarchy. */
export interface CgroupFolder {
  /** From the root of the hierarchy, beginning with a slash. */
  readonly path: string;
  /** Permission bits and owner, where they are recorded. */
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly properties: readonly CgroupProperty[];
}

/** A hierarchy with the groups that CRIU restores. */
export interface CgroupController {
  readonly names: readonly string[];
  readonly folders: readonly CgroupFolder[];
}

/** All of it; empty where the dump was told to leave groups alone. */
export interface Cgroups {
  readonly sets: readonly CgroupSet[];
  readonly controllers: readonly CgroupController[];
}

/** Reads the image and the number of the set in every core image. */
export async function readCgroups(images: ImageSet, options: SignalOptions = {}): Promise<Cgroups> {
  const entry = await images.single('cgroup', undefined, options);
  if (!entry) return { sets: [], controllers: [] };
  const root = await images.single('inventory', undefined, options);
  const ofRoot = root && Object.hasOwn(root, 'rootCgSet') ? root.rootCgSet : undefined;
  const tasks = await tasksBySet(images, options);
  return {
    sets: entry.sets.map(({ id, ctls }) => ({
      id,
      ofDumper: id === ofRoot,
      members: ctls.map(({ name, path }) => ({ controller: name, path })),
      ...(tasks.get(id) ?? { pids: [], tids: [] }),
    })),
    controllers: entry.controllers.map(({ cnames, dirs }) => ({ names: cnames, folders: foldersOf(dirs) })),
  };
}

async function tasksBySet(images: ImageSet, options: SignalOptions) {
  const sets = new Map<number, { pids: number[]; tids: number[] }>();
  const put = (set: number, list: 'pids' | 'tids', task: number) => {
    const tasks = sets.get(set) ?? { pids: [], tids: [] };
    if (tasks[list].at(-1) !== task) tasks[list].push(task);
    sets.set(set, tasks);
  };
  for (const { pid, threads } of await readProcesses(images, options)) {
    const set = setOf(await images.single('core', pid, options));
    if (set !== undefined) put(set, 'pids', pid);
    for (const { tid } of threads) {
      if (tid === pid) continue;
      const own = setOf(await images.single('core', tid, options));
      if (own !== undefined && own !== set) put(own, 'tids', tid);
    }
  }
  return sets;
}

interface CoreSets {
  tc?: { cgSet: number } | undefined;
  threadCore?: { cgSet: number } | undefined;
}

/** CRIU writes the set of a process beside its other facts, of late that of each thread too. */
function setOf(core: CoreSets | undefined): number | undefined {
  for (const part of [core?.tc, core?.threadCore]) if (part && Object.hasOwn(part, 'cgSet')) return part.cgSet;
  return undefined;
}

/** The tree as a list, parents first. The decoder bounds how deep messages nest. */
function foldersOf(roots: readonly cgroup_dir_entry[]): readonly CgroupFolder[] {
  const folders: CgroupFolder[] = [];
  const waiting = roots.map((entry) => ({ entry, above: '' })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { entry, above } = next;
    const path = `${above}/${entry.dirName.replace(/^\/+/, '')}`;
    folders.push({
      path,
      ...permissionsOf(entry.dirPerms),
      properties: entry.properties.map(({ name, value }) => ({ name, value: value.replace(/\n$/, '') })),
    });
    for (const child of entry.children.toReversed()) waiting.push({ entry: child, above: path });
  }
  return folders;
}

function permissionsOf(permissions: cgroup_perms | undefined): Pick<CgroupFolder, 'mode' | 'uid' | 'gid'> {
  if (!permissions) return { mode: undefined, uid: undefined, gid: undefined };
  return { mode: permissions.mode & 0o7777, uid: permissions.uid, gid: permissions.gid };
}
