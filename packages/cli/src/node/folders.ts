/** The folders that a node is given, and taking away again what a start made that failed. */
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { harmless } from '@stillframe/core';
import { foldersOf, type NodePaths } from '@stillframe/runtime/place';
import { runningNode } from './running.ts';

export interface NodeFolders {
  /** Removes what was made here, unless a node works there meanwhile or there is anything to remember. */
  remove(): Promise<void>;
}

/**
 * Makes both folders, mode 0700, with those above them. A root that was there, is this user's and holds nothing of
 * others is closed to others too: what a node keeps there are memory and secrets.
 */
export async function makeNodeFolders(paths: NodePaths): Promise<NodeFolders> {
  const made: string[] = [];
  for (const folder of [paths.root, paths.state]) {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined) made.push(first);
  }
  await closeRoot(paths);
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

/** Files of a root that are not folders of its own; a new disk has `lost+found`. */
const FURTHER = ['node.pid', 'node.log', 'audit', 'pods', 'run-pods', 'lost+found'];

/** Names in the root folder that no node makes; none where it is not there. */
async function strangersIn(paths: NodePaths): Promise<string[]> {
  const inRoot = (path: string) => relative(resolve(paths.root), resolve(path)).split('/')[0] ?? '';
  const known = new Set([...Object.values(foldersOf(paths)).map(inRoot), inRoot(paths.state), ...FURTHER]);
  return (await readdir(paths.root).catch(() => [])).filter((name) => !known.has(name));
}

/** Words on a root that is neither empty nor was a node's before, or undefined. */
export async function strangeRoot(paths: NodePaths): Promise<string | undefined> {
  const strangers = await strangersIn(paths);
  if (strangers.length === 0 || (await isFolder(foldersOf(paths).containerRecords))) return undefined;
  const first = JSON.stringify(harmless((strangers[0] ?? '').slice(0, 100)));
  const more = strangers.length > 1 ? ` and ${strangers.length - 1} more` : '';
  return `the root folder ${harmless(paths.root)} is not empty and was no node's before: it holds ${first}${more}`;
}

/** The file that a node in the background logs to. */
export function nodeLogPath(paths: NodePaths): string {
  return join(paths.root, 'node.log');
}

async function closeRoot(paths: NodePaths): Promise<void> {
  // The way to a state folder in it is open to the users of pods with user namespaces.
  if (!relative(resolve(paths.root), resolve(paths.state)).startsWith('..')) return;
  const { uid, mode } = await stat(paths.root);
  if (uid !== process.geteuid?.() || (mode & 0o077) === 0 || (await strangersIn(paths)).length > 0) return;
  await chmod(paths.root, 0o700);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
