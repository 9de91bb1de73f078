/** The folders that a node is given, and taking away again what a start made that failed. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { foldersOf, type NodePaths } from '@stillframe/runtime';
import { runningNode } from './running.ts';

export interface NodeFolders {
  /** Removes what was made here, unless a node works there meanwhile or there is anything to remember. */
  remove(): Promise<void>;
}

/** Makes both folders, mode 0700, with those above them. */
export async function makeNodeFolders(paths: NodePaths): Promise<NodeFolders> {
  const made: string[] = [];
  for (const folder of [paths.root, paths.state]) {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined) made.push(first);
  }
  return {
    async remove() {
      if ((await runningNode(paths)) !== undefined || (await holdsRecords(paths))) return;
      for (const folder of made) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether pods, containers or archives are known there: a node was there, however it ended. */
async function holdsRecords(paths: NodePaths): Promise<boolean> {
  const { sandboxRecords, containerRecords, operations, checkpoints } = foldersOf(paths);
  for (const folder of [sandboxRecords, containerRecords, operations, checkpoints]) {
    const names = await readdir(folder).catch(() => []);
    if (names.length > 0) return true;
  }
  return false;
}
