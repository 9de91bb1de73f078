/** What `crit x` prints of an image set: processes, open files, mappings and stored pages, as lines without their end. */
import type { ImageSet, SignalOptions } from '../image-set.ts';
import { fd_types, type pstree_entry } from '../proto.ts';
import { readFileNames } from './file-names.ts';
import { listMappings, listPages } from './memory-lists.ts';

/** What can be listed, by crit's names. */
export const explorers = ['ps', 'fds', 'mems', 'rss'] as const;
export type Explorer = (typeof explorers)[number];

/** Yields the lines of one listing. What cannot be read goes to the diagnostics of the set. Text stays as it was dumped. */
export function exploreImages(images: ImageSet, what: Explorer, options: SignalOptions = {}): AsyncGenerator<string> {
  const lists = { ps: listProcesses, fds: listFiles, mems: listMappings, rss: listPages };
  return lists[what](images, options);
}

async function* listProcesses(images: ImageSet, options: SignalOptions): AsyncGenerator<string> {
  const children = new Map<number, pstree_entry[]>();
  const tasks = new Map<number, pstree_entry>();
  for await (const task of images.entries('pstree', undefined, options))
    if (!tasks.has(task.pid)) tasks.set(task.pid, task);
  for (const task of tasks.values()) {
    // One whose parent is not there stands as a root, so that all are shown.
    const parent = tasks.has(task.ppid) && task.ppid !== task.pid ? task.ppid : 0;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [task]);
    else siblings.push(task);
  }
  yield `${'PID'.padStart(7)}${'PGID'.padStart(7)}${'SID'.padStart(7)}   COMM`;
  const shown = new Set<number>();
  const todo = (children.get(0) ?? []).toReversed().map((task) => ({ task, depth: 0 }));
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { task, depth } = next;
    if (shown.has(task.pid)) continue;
    shown.add(task.pid);
    const core = await images.single('core', task.pid, options);
    const ids = [task.pid, task.pgid, task.sid].map((id) => String(id).padStart(7)).join('');
    yield `${ids}   ${' '.repeat(4 * depth)}${core?.tc?.comm ?? '?'}`;
    for (const child of (children.get(task.pid) ?? []).toReversed()) todo.push({ task: child, depth: depth + 1 });
  }
}

async function* listFiles(images: ImageSet, options: SignalOptions): AsyncGenerator<string> {
  const nameOf = await readFileNames(images, options);
  for await (const { pid } of images.entries('pstree', undefined, options)) {
    yield String(pid);
    const line = (label: string, name: string) => `\t${label.padStart(7)}: ${name}`;
    const ids = await images.single('ids', pid, options);
    if (ids !== undefined) {
      for await (const { fd, type, id } of images.entries('fdinfo', ids.filesId, options)) {
        yield line(String(fd), nameOf(type, id));
      }
    }
    const fs = await images.single('fs', pid, options);
    if (fs === undefined) continue;
    yield line('cwd', nameOf(fd_types.REG, fs.cwdId));
    yield line('root', nameOf(fd_types.REG, fs.rootId));
  }
}
