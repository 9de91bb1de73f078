/** Removing where the disk is full: the shorter list, too, needs room before the longer one gives up its own. */
import { rm } from 'node:fs/promises';
import { type Digest, systemCode } from '@stillframe/core';
import type { ContentOptions, ManifestReader } from '../content.ts';
import { blobPath, sizeOfFile } from './folder.ts';
import type { IndexFile } from './index-file.ts';
import { reachable } from './sweep.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** Bytes that a blob must have to be worth it: more than a list of many images. */
const WORTH = 64 << 10;

/** Calls `work`, and once more where the disk was full and `free` made room. */
export async function onFullDisk<T>(work: () => Promise<T>, free: () => Promise<boolean>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!FULL.has(systemCode(error) ?? '') || !(await free())) throw error;
    return await work();
  }
}

/**
 * Removes the largest blob that only images need which are about to go, before these leave the list; false where there is none. A
 * kill right then leaves an image that was to be removed in the list without that blob: removing it again ends that.
 */
export async function freeLargest(
  layout: ManifestReader & { readonly path: string },
  index: IndexFile,
  { goers, candidates }: { goers: ReadonlySet<Digest>; candidates: ReadonlySet<Digest> },
  options: ContentOptions,
): Promise<boolean> {
  let freed = false;
  await index.unchanged(async (list) => {
    const staying = list.entries.filter(({ digest }) => !goers.has(digest));
    const needed = await reachable(layout, staying, options);
    if (list.unreadable.length + needed.unreadable.length > 0) return true;
    let largest: { path: string; size: number } | undefined;
    for (const digest of candidates) {
      if (needed.digests.has(digest)) continue;
      const path = blobPath(layout.path, digest);
      const size = (await sizeOfFile(path)) ?? 0;
      if (size > (largest?.size ?? WORTH)) largest = { path, size };
    }
    if (!largest) return true;
    if (!(await list.held())) return false;
    await rm(largest.path);
    freed = true;
    return true;
  }, options);
  return freed;
}
