/** What CRIU did so that a file whose name was gone can be opened again (remap-fpath). checkpoint-spec 7.6. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { remap_file_path_entry } from '@stillframe/criu-image/proto';
import { recorded } from '../recorded.ts';

/**
 * `ghost`: the content is in ghost-file-<hex of ghostId>.img, or ought to be (`present`). `link`: the file had other names, and
 * CRIU gave it one more, that of file `fileId`. `process`: a file of /proc/PID of a process that is gone.
 */
export type Kept =
  | { readonly how: 'ghost'; readonly ghostId: number; readonly present: boolean }
  | { readonly how: 'link'; readonly fileId: number }
  | { readonly how: 'process'; readonly pid: number }
  | { readonly how: 'unknown' };

/** Values of remap_type. */
const LINKED = 0;
const GHOST = 1;
const PROCFS = 2;
/** Before there were types, this bit of the id stood for a ghost. */
const GHOST_BIT = 0x80000000;

/** All deleted files by the id of their file. */
export async function readKeptFiles(images: ImageSet, options: SignalOptions = {}): Promise<ReadonlyMap<number, Kept>> {
  const kept = new Map<number, Kept>();
  const ghosts = new Set(images.ids('ghost-file'));
  for await (const entry of images.entries('remap-fpath', undefined, options)) {
    if (!kept.has(entry.origId)) kept.set(entry.origId, keptOf(entry, ghosts));
  }
  return kept;
}

function keptOf(entry: remap_file_path_entry, ghosts: ReadonlySet<number>): Kept {
  const { remapId } = entry;
  const old = (remapId & GHOST_BIT) !== 0 ? GHOST : LINKED;
  switch (recorded(entry, 'remapType') ?? old) {
    case GHOST: {
      const ghostId = (remapId & ~GHOST_BIT) >>> 0;
      return { how: 'ghost', ghostId, present: ghosts.has(ghostId) };
    }
    case LINKED:
      return { how: 'link', fileId: remapId };
    case PROCFS:
      return { how: 'process', pid: remapId };
    default:
      return { how: 'unknown' };
  }
}

/** Name of the image that holds a ghost's content. */
export function ghostImage(ghostId: number): string {
  return `ghost-file-${ghostId.toString(16)}.img`;
}
