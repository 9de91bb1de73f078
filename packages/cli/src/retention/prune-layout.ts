/** Retention and garbage of an image layout. */
import { planRetention, type RetentionPlan, type RetentionPolicy } from '@stillframe/checkpoint';
import { type Diagnostic, type Digest, messageOf, StillframeError } from '@stillframe/core';
import {
  type Descriptor,
  isKept,
  type Layout,
  removeImages,
  type SweptLayout,
  sweepLayout,
  tagOf,
} from '@stillframe/oci';
import { type ImageUnit, isProtected, seeImage } from './image-units.ts';
import { goingOf } from './view.ts';

export interface LayoutPlan extends RetentionPlan<ImageUnit> {
  /** Manifests of the list that cannot be read: they stay, and with them all blobs. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a policy means for the checkpoint images of a layout now. */
export async function planLayout(
  layout: Layout,
  policy: RetentionPolicy,
  { protect, signal, now = Date.now() }: { protect: readonly string[]; signal: AbortSignal; now?: number },
): Promise<LayoutPlan> {
  const diagnostics: Diagnostic[] = [];
  const units: ImageUnit[] = [];
  for (const [digest, entries] of Map.groupBy(await layout.entries(), (entry) => entry.digest)) {
    const [entry] = entries;
    // What is said about an image, such as its evidence, is none by itself.
    if (!entry || entries.every((each) => tagOf(each) === undefined && isSaying(each))) continue;
    const tags = entries.flatMap((each) => tagOf(each) ?? []).sort();
    const pinned = entries.some(isKept) || tags.some((tag) => isProtected(tag, protect));
    try {
      const { unit } = await seeImage(layout, entry, { tags, pinned, signal });
      if (unit) units.push(unit);
    } catch (error) {
      signal.throwIfAborted();
      if (!StillframeError.is(error)) throw error;
      diagnostics.push(unreadable(tags[0] ?? digest, error));
    }
  }
  return { ...planRetention(units, policy, now), diagnostics };
}

/** Chain images have a type of their own and no subject; tagged ones are images whatever their type. */
function isSaying({ artifactType }: Descriptor): boolean {
  return artifactType !== undefined && !artifactType.startsWith('application/vnd.stillframe.checkpoint.');
}

/** A manifest that says nothing. */
export function unreadable(source: string, error: unknown): Diagnostic {
  return { id: 'manifest-unreadable', severity: 'error', source, message: messageOf(error) };
}

/** What pruning a layout gave back. */
export interface PrunedLayout extends SweptLayout {
  readonly removed: readonly Digest[];
}

/**
 * Removes what a plan says and sweeps; without a plan it sweeps only, and with `dryRun` it counts what a sweep would find. `grace`:
 * milliseconds for which blobs without an image stay, since somebody may just be storing one.
 */
export async function pruneLayout(
  layout: Layout,
  plan: LayoutPlan | undefined,
  { dryRun, grace, signal }: { dryRun: boolean; grace: number; signal: AbortSignal },
): Promise<PrunedLayout> {
  const before = Date.now() - grace;
  const going = plan && !dryRun ? goingOf(plan) : [];
  const images = going.map(({ digest, tags }) => ({ digest, tags: tags.length > 0 ? tags : [undefined] }));
  const own = images.length > 0 ? await removeImages(layout, images, { signal }) : { blobs: 0, bytes: 0, removed: [] };
  const swept = await sweepLayout(layout, { before, dryRun, signal });
  return { ...swept, blobs: own.blobs + swept.blobs, bytes: own.bytes + swept.bytes, removed: own.removed };
}
