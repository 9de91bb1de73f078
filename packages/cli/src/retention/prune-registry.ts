/**
 * Retention of a repository of a registry. What is said about an image lies under tags of its digest or in the registry's own
 * list, and goes after the image: a kill leaves what no image needs, never an image without what is said of it.
 */
import { planRetention, type RetentionPlan, type RetentionPolicy } from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, orAbsent, StillframeError } from '@stillframe/core';
import { type Descriptor, inParallel, type RegistryRepository } from '@stillframe/oci';
import { attachmentOf, type ImageUnit, isProtected, type SeenImage, seeImage } from './image-units.ts';
import { unreadable } from './prune-layout.ts';
import { goingOf } from './view.ts';

/** Images that are looked at, at a time. */
const WIDTH = 8;
/** The ending of the tag that pins an image. */
export const KEEP_KIND = 'keep';

export interface RegistryPlan extends RetentionPlan<ImageUnit> {
  /** What cannot be read; nothing is removed where there is some, since it may need anything. */
  readonly diagnostics: readonly Diagnostic[];
  /** By subject, the tags of what is said about it. */
  readonly attachments: ReadonlyMap<Digest, readonly string[]>;
  /** Tags of what is said about images that are not there, as a removal that was killed leaves them. */
  readonly orphans: readonly string[];
  readonly seen: ReadonlyMap<Digest, SeenImage>;
}

interface PlanOptions {
  protect: readonly string[];
  signal: AbortSignal;
  now?: number;
}

/** What a policy means for the checkpoint images of a repository now. Throws registry errors. */
export async function planRegistry(
  store: RegistryRepository,
  policy: RetentionPolicy,
  { protect, signal, now = Date.now() }: PlanOptions,
): Promise<RegistryPlan> {
  const tags = (await store.tags({ signal })).sort();
  const attachments = Map.groupBy(
    tags.filter((tag) => attachmentOf(tag)),
    (tag) => attachmentOf(tag)?.subject as Digest,
  );
  const diagnostics: Diagnostic[] = [];
  const byDigest = new Map<Digest, { descriptor: Descriptor; tags: string[] }>();
  const resolve = async (tag: string, inner: AbortSignal) => {
    // Removed since the list was made.
    const descriptor = await orAbsent(store.resolve(tag, { signal: inner }), 'ERR_OCI_MANIFEST_UNKNOWN');
    if (!descriptor) return;
    const known = byDigest.get(descriptor.digest);
    if (known) known.tags.push(tag);
    else byDigest.set(descriptor.digest, { descriptor, tags: [tag] });
  };
  const named = tags.filter((tag) => !attachmentOf(tag));
  await inParallel(named, WIDTH, resolve, signal);
  const seen = new Map<Digest, SeenImage>();
  const see = async (image: { descriptor: Descriptor; tags: string[] }, inner: AbortSignal) => {
    const sorted = image.tags.sort();
    const { digest } = image.descriptor;
    const kept = attachments.get(digest)?.some((tag) => attachmentOf(tag)?.kind === KEEP_KIND) === true;
    const pinned = kept || sorted.some((tag) => isProtected(tag, protect));
    try {
      seen.set(digest, await seeImage(store, image.descriptor, { tags: sorted, pinned, signal: inner }));
    } catch (error) {
      inner.throwIfAborted();
      if (!StillframeError.is(error) || isPassing(error)) throw error;
      diagnostics.push(unreadable(sorted[0] ?? digest, error));
    }
  };
  await inParallel(byDigest.values(), WIDTH, see, signal);
  const units = [...seen.values()].flatMap(({ unit }) => unit ?? []);
  const plan = planRetention(units, policy, now);
  const orphans = await orphansOf(store, attachments, seen, signal);
  return { ...plan, diagnostics, attachments, orphans, seen };
}

/** What says nothing about a manifest, only about the moment. */
export function isPassing({ kind }: StillframeError): boolean {
  return ['unavailable', 'unauthenticated', 'permission-denied', 'resource-exhausted'].includes(kind);
}

async function orphansOf(
  store: RegistryRepository,
  attachments: ReadonlyMap<Digest, readonly string[]>,
  seen: ReadonlyMap<Digest, SeenImage>,
  signal: AbortSignal,
): Promise<string[]> {
  const known = new Set([...seen].flatMap(([digest, { children }]) => [digest, ...children]));
  const orphans: string[] = [];
  const look = async ([subject, tags]: [Digest, readonly string[]], inner: AbortSignal) => {
    if (known.has(subject)) return;
    if (!(await orAbsent(store.resolve(subject, { signal: inner }), 'ERR_OCI_MANIFEST_UNKNOWN'))) orphans.push(...tags);
  };
  await inParallel(attachments, WIDTH, look, signal);
  return orphans.sort();
}

/** What became of one image. `part`: an index that stays names it. */
export type ImageRemoval = 'removed' | 'gone' | 'part';

/**
 * Removes what a plan says, one image after the other, and `orphans` where they are given. Throws ERR_OCI_REMOVE_UNSUPPORTED before
 * anything is gone where the registry does not remove, and registry errors.
 */
export async function pruneRegistry(
  store: RegistryRepository,
  plan: RegistryPlan,
  {
    orphans,
    done,
    signal,
  }: { orphans: boolean; done: (unit: ImageUnit, result: ImageRemoval) => void; signal: AbortSignal },
): Promise<void> {
  const going = new Map(goingOf(plan).map((unit) => [unit.digest, unit]));
  const needed = neededBy(plan, going);
  for (const unit of going.values()) {
    signal.throwIfAborted();
    if (needed.has(unit.digest)) {
      done(unit, 'part');
      continue;
    }
    const parts = (plan.seen.get(unit.digest)?.children ?? []).filter(
      (digest) => !needed.has(digest) && !going.has(digest),
    );
    const said = new Map<Digest, readonly Descriptor[]>();
    for (const digest of [unit.digest, ...parts]) said.set(digest, await store.referrers(digest, { signal }));
    const found = await removeDigest(store, unit.digest, signal);
    for (const part of parts) await removeDigest(store, part, signal);
    for (const [digest, referrers] of said) {
      for (const referrer of referrers)
        if (!needed.has(referrer.digest)) await removeDigest(store, referrer.digest, signal);
      await removeAttachments(store, plan.attachments.get(digest) ?? [], needed, signal);
    }
    done(unit, found ? 'removed' : 'gone');
  }
  if (orphans) await removeOrphans(store, plan, needed, signal);
}

/** Digests that what stays is, or names. An image that is a part of one that stays, stays with its own parts. */
function neededBy({ seen }: RegistryPlan, going: ReadonlyMap<Digest, ImageUnit>): Set<Digest> {
  const needed = new Set<Digest>();
  for (const [digest, { children }] of seen) {
    if (!going.has(digest)) for (const each of [digest, ...children]) needed.add(each);
  }
  for (const digest of going.keys()) {
    if (needed.has(digest)) for (const child of seen.get(digest)?.children ?? []) needed.add(child);
  }
  return needed;
}

async function removeOrphans(
  store: RegistryRepository,
  { orphans }: RegistryPlan,
  needed: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<void> {
  for (const [subject, tags] of Map.groupBy(orphans, (tag) => attachmentOf(tag)?.subject as Digest)) {
    for (const { digest } of await store.referrers(subject, { signal })) {
      if (!needed.has(digest)) await removeDigest(store, digest, signal);
    }
    await removeAttachments(store, tags, needed, signal);
  }
}

/** By digest, which is how registries remove; a tag that was moved onto something that stays is left. */
async function removeAttachments(
  store: RegistryRepository,
  tags: readonly string[],
  needed: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<void> {
  for (const tag of tags) {
    const found = await orAbsent(store.resolve(tag, { signal }), 'ERR_OCI_MANIFEST_UNKNOWN');
    if (found && !needed.has(found.digest)) await removeDigest(store, found.digest, signal);
  }
}

async function removeDigest(store: RegistryRepository, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const done = store.remove(digest, { signal }).then(() => true);
  return (await orAbsent(done, 'ERR_OCI_MANIFEST_UNKNOWN')) ?? false;
}
