/**
 * Sources of bind mounts that are missing on this node, made anew as the archive's bind.mounts says (checkpoint-spec 3.6,
 * step 5): an empty file where the container had a file. Where is the request's word alone; the archive gives type and
 * permissions, never a path.
 */
import { lstat, mkdir, open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { BindMount } from '@stillframe/checkpoint';
import { systemCode, type UndoStack } from '@stillframe/core';
import type { MountRequest } from '../store/records.ts';

/**
 * Makes what is missing; whatever exists is left as it is. A mount that bind.mounts does not tell of is left to
 * `prepareMounts`, which makes a folder. What was made here is removed again by `undo`, unless somebody filled it.
 */
export async function layBindSources(
  recorded: readonly BindMount[],
  requested: readonly MountRequest[],
  undo: UndoStack,
): Promise<void> {
  const known = new Map(recorded.map((bind) => [bind.destination, bind]));
  for (const { containerPath, hostPath } of requested) {
    const bind = known.get(containerPath);
    if (!bind || !isAbsolute(hostPath)) continue;
    // A link that leads nowhere is there, too: to write through it would be to write elsewhere.
    if (await lstat(hostPath).catch(() => undefined)) continue;
    if (bind.fileType === 'directory') await layFolder(hostPath, bind.permissions, undo);
    else await layFile(hostPath, bind.permissions, undo);
  }
}

async function layFolder(path: string, mode: number, undo: UndoStack): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  undo.push(`folder ${path}`, () => rmdir(path).catch(() => undefined));
  await using folder = await open(path);
  // Not by mkdir itself: the process's own mask would take bits away.
  await folder.chmod(mode);
}

async function layFile(path: string, mode: number, undo: UndoStack): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const made = await open(path, 'wx', 0o600).catch((error) => {
    if (systemCode(error) === 'EEXIST') return undefined;
    throw error;
  });
  if (!made) return;
  await using file = made;
  undo.push(`file ${path}`, async () => {
    if ((await stat(path).catch(() => undefined))?.size === 0) await unlink(path);
  });
  await file.chmod(mode);
}
