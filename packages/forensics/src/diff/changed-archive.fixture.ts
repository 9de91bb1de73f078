/** A checkpoint of which some bytes of memory were changed, beside the one it was made of. */
import { readFile } from 'node:fs/promises';
import { type Checkpoint, openCheckpoint, readProcesses } from '@stillframe/checkpoint';
import { bytesSource } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';

/** One change: bytes that stand at an address of a process afterwards. */
export interface Planted {
  pid: number;
  address: bigint;
}

/**
 * The checkpoint in `path` with `text` written into the first stack page of its first process that is not empty. Both read from
 * memory, where nothing tells that they are alike.
 */
export async function withPlanted(
  path: string,
  text: string,
): Promise<{ before: Checkpoint; after: Checkpoint; planted: Planted }> {
  const bytes = await readFile(path);
  const before = await openCheckpoint(bytesSource(bytes));
  const [process] = await readProcesses(before.images);
  const space = process && (await openAddressSpace(before.images, process.pid));
  const [run] = space?.capturedRuns() ?? [];
  const id = space?.pages.pagemap.pagesId;
  const entry = id === undefined ? undefined : before.archive.entries.get(`checkpoint/pages-${id}.img`);
  if (!process || !run || !entry) throw new Error(`${path} has no memory`);
  const changed = Buffer.from(bytes);
  changed.write(text, entry.offset + run.offset + 100, 'latin1');
  const after = await openCheckpoint(bytesSource(changed));
  return { before, after, planted: { pid: process.pid, address: run.vaddr } };
}
