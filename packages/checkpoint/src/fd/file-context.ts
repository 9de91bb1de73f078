/** What other images tell of open files: lost names, memory files, terminals and what waits in them, mounts. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { file_entry } from '@stillframe/criu-image/proto';
import { readMounts } from '../mount/mounts.ts';
import { notQueued, type Queued, queuedBytes } from '../queued.ts';
import { isDamaged } from './damage.ts';
import type { FileContext, MountPlace } from './file-target.ts';
import { readKeptFiles } from './kept-file.ts';
import { type MemoryFile, memoryFile } from './named-files.ts';
import { type Terminal, terminal } from './terminal.ts';

/** Reads them once; `entries` are the files of the dump. */
export async function readFileContext(
  images: ImageSet,
  entries: ReadonlyMap<number, file_entry>,
  options: SignalOptions = {},
): Promise<FileContext> {
  const kept = await readKeptFiles(images, options);
  const memoryFiles = new Map<number, MemoryFile>();
  for await (const inode of images.entries('memfd', undefined, options)) {
    memoryFiles.set(Number(inode.inodeId), memoryFile(inode));
  }
  const terminals = await readTerminals(images, options);
  const mounts = new Map<number, MountPlace>();
  for (const { mountId, mountpoint, type, source } of await readMounts(images, options)) {
    if (!mounts.has(mountId)) mounts.set(mountId, { mountpoint, type, source });
  }
  return {
    fileOf: (id) => entries.get(id)?.reg,
    keptOf: (id) => kept.get(id),
    memoryFile: (inodeId) => memoryFiles.get(inodeId),
    terminal: (id) => terminals.get(id),
    mount: (mountId) => mounts.get(mountId),
  };
}

async function readTerminals(images: ImageSet, options: SignalOptions): Promise<ReadonlyMap<number, Terminal>> {
  const waiting = new Map<number, number>();
  for await (const { ttyId, data } of images.entries('tty-data', undefined, options)) {
    waiting.set(ttyId, (waiting.get(ttyId) ?? 0) + data.length);
  }
  const damaged = isDamaged(images, 'tty-data');
  const terminals = new Map<number, Terminal>();
  for await (const info of images.entries('tty-info', undefined, options)) {
    terminals.set(info.id, terminal(info, queuedIn(waiting.get(info.id), damaged)));
  }
  return terminals;
}

/** CRIU writes an entry only where something waits. */
function queuedIn(bytes: number | undefined, damaged: boolean): Queued {
  if (bytes !== undefined) return queuedBytes(bytes);
  return damaged ? notQueued('unreadable') : queuedBytes(0);
}
