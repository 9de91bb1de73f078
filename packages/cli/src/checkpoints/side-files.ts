/** What lies beside an archive and belongs to it, by name alone. */

/** What makes a checkpoint stay, as the checkpoint-restore-operator has it: a file of this ending beside the archive. */
export const KEEP = '.keep';

/** Evidence, custody and whatever else is said of an archive in a document, and pins, also one that is just being written. */
const SIDE = /^(?:\.[a-z0-9-]+)*\.(?:json|jsonl|keep|keep\.tmp|jsonl\.lock(?:\.[0-9a-f]{12})?)$/;
/** The lock of a chain of custody is a link; a writer that was killed leaves it. */
const LOCK = /\.jsonl\.lock(?:\.[0-9a-f]{12})?$/;

/** Whether a name of a folder may be one that lies beside an archive: a file, or the lock of its custody. */
export function isBeside(entry: { readonly name: string; isFile(): boolean; isSymbolicLink(): boolean }): boolean {
  return entry.isFile() || (entry.isSymbolicLink() && LOCK.test(entry.name));
}

/** Names that belong to the file `name`, of all of its folder. */
export function sideFilesOf(name: string, all: Iterable<string>): string[] {
  return [...all].filter((each) => each.startsWith(name) && SIDE.test(each.slice(name.length)));
}

/** The same for many at once: by name of the archive, which ends in `.tar` or is given as such. */
export function sideFilesByArchive(all: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const each of all) {
    const end = each.lastIndexOf('.tar.');
    const name = end < 0 ? '' : each.slice(0, end + '.tar'.length);
    if (name !== '' && SIDE.test(each.slice(name.length))) found.set(name, [...(found.get(name) ?? []), each]);
  }
  return found;
}
