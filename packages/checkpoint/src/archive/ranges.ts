/** Where the bodies of an archive's files lie, for whoever hashes them as the archive goes by. */
import type { ArchiveEntry } from './tar-entry.ts';

/** Every entry that has a body, in the order of the archive; links, folders and devices have none. */
export function rangesOf(entries: ReadonlyMap<string, ArchiveEntry>): { name: string; offset: number; size: number }[] {
  return [...entries.values()]
    .filter(({ kind }) => kind === 'file' || kind === 'sparse' || kind === 'unknown')
    .map(({ name, offset, size }) => ({ name, offset, size }))
    .sort((a, b) => a.offset - b.offset);
}
