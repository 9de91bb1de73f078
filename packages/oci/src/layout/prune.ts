/** Taking many images out of a layout at once, pinning some, and sweeping what nothing in its list needs. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '@stillframe/core';
import { TEMPORARY_PREFIX } from '@stillframe/core/file';
import type { ContentOptions, Removed } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { BLOBS } from './folder.ts';
import { IndexFile, isKept, tagOf } from './index-file.ts';
import type { Layout } from './layout.ts';
import { freeLargest, onFullDisk } from './room.ts';
import { saidOnlyAbout } from './sayings.ts';
import { reachable, type Sweep, sweep } from './sweep.ts';

/** An image by its digest, with the names that it is known by: one that it got since stays, and its content with it. */
export interface ListedImage {
  readonly digest: Digest;
  /** Undefined for an entry without a tag. */
  readonly tags: readonly (string | undefined)[];
}

/** What removeImages did. */
export interface RemovedImages extends Removed {
  /** Digests that are listed no more. */
  readonly removed: readonly Digest[];
}

/** What a sweep found, or would remove. */
export interface SweptLayout extends Removed {
  /** Files that a writer which was killed left behind. */
  readonly temporaries: number;
}

/** Temporary files of ours, and those in which skopeo and podman gather a blob. */
const TEMPORARIES: readonly string[] = [TEMPORARY_PREFIX, 'oci-put-blob'];
/** The lock is nobody's leftover: whoever takes it knows how to tell. */
const LOCK = '.stillframe-index.lock';

/**
 * Pins the image of a tag or digest, or takes the pin away; false where it was so already. The pin is an annotation of its
 * entries in index.json. Throws ERR_OCI_MANIFEST_UNKNOWN for what the list does not name.
 */
export async function keepImage(
  layout: Layout,
  reference: string,
  kept: boolean,
  options: ContentOptions = {},
): Promise<boolean> {
  const { digest } = await layout.resolve(reference, options);
  if (!(await layout.entries()).some((entry) => entry.digest === digest)) {
    const hint = 'a part of an index stays with the index: pin that';
    throw ociError('ERR_OCI_MANIFEST_UNKNOWN', `${layout.path} does not list ${digest} by itself`, { hint });
  }
  return new IndexFile(layout.path).keep(digest, kept, options);
}

/**
 * Removes images that are not pinned from the list in one change, with what is said about them and about what only they hold, and
 * then the blobs that no other image has. One that somebody pinned or tagged anew since stays.
 */
export async function removeImages(
  layout: Layout,
  images: readonly ListedImage[],
  options: ContentOptions = {},
): Promise<RemovedImages> {
  const entries = await layout.entries();
  const names = new Map(images.map(({ digest, tags }) => [digest, new Set(tags)]));
  const goes = (entry: Descriptor) => names.get(entry.digest)?.has(tagOf(entry)) === true && !isKept(entry);
  const going = entries.filter(goes);
  const about = await saidOnlyAbout(layout, entries, going, options);
  const sayers = [...about.values()].map(({ entry }) => entry);
  const { digests: candidates } = await reachable(layout, [...going, ...sayers], options);
  const index = new IndexFile(layout.path);
  const subjects = new Map([...about].map(([digest, said]) => [digest, said.about]));
  const goers = new Set([...going, ...sayers].map(({ digest }) => digest));
  const removed = await onFullDisk(
    () => index.dropAll(names, subjects, options),
    () => freeLargest(layout, index, { goers, candidates }, options),
  );
  const swept = await sweepFrom(layout, index, async () => candidates, options);
  return { ...swept, removed };
}

/**
 * Removes blobs that nothing in the list needs, and temporary files. `before`: milliseconds since 1970; what got its name or was
 * written after that may be of an image that is just being stored, and stays. `dryRun` only counts.
 */
export async function sweepLayout(
  layout: Layout,
  { before, dryRun = false, ...options }: ContentOptions & { before: number; dryRun?: boolean },
): Promise<SweptLayout> {
  const found = async (): Promise<Set<Digest>> => {
    const names = await readdir(join(layout.path, BLOBS));
    const digests = names.map((name) => `sha256:${name}`).filter(isDigest);
    const old = await Promise.all(digests.map((digest) => isOld(join(layout.path, BLOBS, digest.slice(7)), before)));
    return new Set(digests.filter((_digest, at) => old[at]));
  };
  const swept = await sweepFrom(layout, new IndexFile(layout.path), found, options, dryRun);
  return { ...swept, temporaries: await sweepTemporaries(layout, before, dryRun) };
}

async function sweepFrom(
  layout: Layout,
  index: IndexFile,
  candidatesOf: () => Promise<ReadonlySet<Digest>>,
  options: ContentOptions,
  dryRun = false,
): Promise<Removed> {
  const swept = { blobs: 0, bytes: 0 };
  let unreadable: readonly string[] = [];
  await index.unchanged(async (list) => {
    const needed = await reachable(layout, list.entries, options);
    unreadable = [...list.unreadable, ...needed.unreadable];
    if (unreadable.length > 0) return true;
    const candidates = await candidatesOf();
    const what: Sweep = { needed: needed.digests, held: list.held, swept };
    if (!dryRun) return sweep(layout.path, candidates, what);
    for (const digest of candidates) if (!needed.digests.has(digest)) await count(layout, digest, swept);
    return true;
  }, options);
  return unreadable.length > 0 ? { ...swept, unreadable } : swept;
}

async function count(layout: Layout, digest: Digest, swept: Sweep['swept']): Promise<void> {
  const found = await lstat(join(layout.path, BLOBS, digest.slice(7))).catch(() => undefined);
  if (!found?.isFile()) return;
  swept.blobs += 1;
  swept.bytes += found.size;
}

async function sweepTemporaries({ path }: Layout, before: number, dryRun: boolean): Promise<number> {
  let found = 0;
  for (const folder of [path, join(path, BLOBS)]) {
    for (const name of await readdir(folder)) {
      if (name === LOCK || !TEMPORARIES.some((prefix) => name.startsWith(prefix))) continue;
      if (!(await isOld(join(folder, name), before, true))) continue;
      if (!dryRun) await rm(join(folder, name), { force: true });
      found += 1;
    }
  }
  return found;
}

/**
 * By the last change of content or name: a blob that is linked keeps the age of the file that it was. A lock that was moved aside is a
 * symbolic link, no blob is one.
 */
async function isOld(path: string, before: number, links = false): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  const counts = found?.isFile() === true || (links && found?.isSymbolicLink() === true);
  return counts && found.ctimeMs < before && found.mtimeMs < before;
}
