/** What package managers explain: files that they brought themselves. */
import type { Tables } from '../analysers/index.ts';

/** Looks owners of changed files up. */
export interface PackagedPaths {
  /**
   * The package that brought the file as it is; of managers whose lists are not read, that they were at work. Undefined where none
   * did, and where the file is another than the package’s.
   */
  ownerOf(path: string): string | undefined;
  /** Whether its digest says that it is as the package brought it. */
  isSame(path: string): boolean;
  /** The package whose file it was, and is not any more. */
  alteredOf(path: string): string | undefined;
}

/** Reads the table once. */
export function packagedPaths({ packages: { managers, files } }: Pick<Tables, 'packages'>): PackagedPaths {
  const known = new Map(files.map((file) => [file.path, file]));
  const unread = managers.filter((manager) => manager === 'rpm' || manager === 'pacman');
  return {
    ownerOf(path) {
      const file = known.get(path);
      if (file === undefined) return unread.length > 0 ? `of ${unread.join(' or ')}` : undefined;
      return file.content === 'other' ? undefined : file.package;
    },
    isSame: (path) => known.get(path)?.content === 'same',
    alteredOf(path) {
      const file = known.get(path);
      return file?.content === 'other' ? file.package : undefined;
    },
  };
}
