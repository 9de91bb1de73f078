/** Changes that the container made itself: not the empty files that a runtime lays to mount something over them. */
import type { Tables } from '../analysers/index.ts';
import type { TextTopic } from '../analysers/text-places.ts';
import type { TextRow } from '../analysers/texts.ts';
import type { EvidenceReference } from '../reference.ts';

type Change = Tables['changes'][number];

/** Paths that a mount hides. */
function mountpointsOf({ changes }: Pick<Tables, 'changes'>): ReadonlySet<string> {
  return new Set(changes.filter(({ flags }) => flags.includes('mountpoint')).map(({ path }) => path));
}

/** Changes by path, without mountpoints and folders. */
export function changedFiles({ changes }: Pick<Tables, 'changes'>): readonly Change[] {
  return changes.filter(({ type, flags }) => type !== 'folder' && !flags.includes('mountpoint'));
}

/** Changed files of a topic that hold something. */
export function textsOf(
  tables: Pick<Tables, 'texts' | 'changes'>,
  ...topics: readonly TextTopic[]
): readonly TextRow[] {
  const mountpoints = mountpointsOf(tables);
  return tables.texts.filter(
    ({ topic, path, place }) =>
      topic !== undefined && topics.includes(topic) && !(place === 'rootfs' && mountpoints.has(path)),
  );
}

/** Where a text stands, then who has it open. */
export function referencesOf({ place, path, image, holders }: TextRow): [EvidenceReference, ...EvidenceReference[]] {
  const open = holders.slice(0, 8).map(({ pid, fd }): EvidenceReference => ({ kind: 'fd', pid, fd }));
  const held = heldBy(path, place === 'rootfs' ? undefined : image);
  const [first, ...rest] = place === 'ghost' || place === 'memfd' ? [...open, held] : [held, ...open];
  return [first ?? held, ...rest];
}

/** An image of CRIU, a tar beside the images, or the root filesystem. */
function heldBy(path: string, name: string | undefined): EvidenceReference {
  if (name === undefined) return { kind: 'rootfs', path };
  return name.endsWith('.img') ? { kind: 'image', name } : { kind: 'entry', name };
}

/** `added`, `changed`, or `written` where only the image could tell. */
export function verbOf({ before }: Pick<TextRow, 'before'>): string {
  return before === undefined ? 'written' : 'changed';
}
