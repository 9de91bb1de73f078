/** A tree of files in a tar, as one layer of a root filesystem: what it has at a path, and what it hides below it. */
import type { ByteSource } from '@stillframe/core';
import type { Archive } from './archive/open.ts';
import { normaliseName } from './archive/tar-entry.ts';

/** What a tree says of a path: the file, that nothing is there any more, or nothing (a lower layer may). */
export type Found = { kind: 'file'; source: ByteSource } | { kind: 'hidden' } | { kind: 'unknown' };

/** Something to look files of a container up in. */
export interface RootfsTree {
  /** For people: `rootfs-diff.tar`, `layer 3 of IMAGE`. */
  readonly label: string;
  /** `path`: as normaliseName gives it. */
  find(path: string): Promise<Found>;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const UNKNOWN = { kind: 'unknown' } as const;
const HIDDEN = { kind: 'hidden' } as const;

/** A layer or diff, opened with the role `filesystem`. Links are not followed, but for a hard link within the tree. */
export function archiveTree({ entries, open }: Pick<Archive, 'entries' | 'open'>, label: string): RootfsTree {
  return {
    label,
    async find(path) {
      const entry = entries.get(path);
      if (entry?.kind === 'file') return { kind: 'file', source: open(path) };
      if (entry?.kind === 'link') {
        const target = normaliseName((entry.linkName ?? '').replace(/^\/+/, ''));
        const file = target === undefined ? undefined : entries.get(target);
        return file?.kind === 'file' ? { kind: 'file', source: open(file.name) } : HIDDEN;
      }
      return entry !== undefined && entry.kind !== 'folder' ? HIDDEN : hidingAbove(entries, path);
    },
  };
}

/** Whether a whiteout, an opaque folder or something that is no folder stands above `path` or in its place. */
function hidingAbove(entries: Archive['entries'], path: string): Found {
  const parts = path.split('/');
  for (let depth = 0; depth < parts.length; depth += 1) {
    const folder = parts.slice(0, depth).join('/');
    const prefix = folder === '' ? '' : `${folder}/`;
    if (entries.has(`${prefix}${WHITEOUT}${parts[depth]}`) || entries.has(`${prefix}${OPAQUE}`)) return HIDDEN;
    const above = depth === 0 ? undefined : entries.get(folder);
    if (above !== undefined && above.kind !== 'folder') return HIDDEN;
  }
  return UNKNOWN;
}
