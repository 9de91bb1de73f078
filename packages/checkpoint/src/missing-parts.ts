/** What no process can come out of a checkpoint without, and what of that an archive lacks. */
import type { Checkpoint } from './checkpoint.ts';

const PAGES = /(?:^|\/)pages-[^/]*\.img$/;

/**
 * The parts that are not there, as names of CRIU images; empty for a checkpoint that may be restored. Pages may lie in the
 * folder of an earlier dump of the same archive. Whether the parts are sound is not judged.
 */
export function missingParts({ images, archive }: Pick<Checkpoint, 'images' | 'archive'>): string[] {
  const kinds = new Set(images.images.map(({ kind }) => kind.name));
  const hasPages = [...archive.entries.values()].some(({ name, kind }) => kind === 'file' && PAGES.test(name));
  return [
    ...(kinds.has('inventory') ? [] : ['inventory.img']),
    ...(kinds.has('pstree') ? [] : ['pstree.img']),
    ...(kinds.has('core') ? [] : ['core-*.img']),
    ...(hasPages ? [] : ['pages-*.img']),
  ];
}
