/** Files of rules that a user gives: read whole, bounded, and told by digest in a record. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { type Digest, digestOf } from '@stillframe/core';
import { cliError } from '../usage.ts';

/** One file. */
export interface RuleFile {
  /** Without folders. */
  readonly name: string;
  readonly digest: Digest;
  readonly text: string;
}

/** Files taken, and bytes of one. */
const [MOST, LARGEST] = [10_000, 16 << 20];

/**
 * The files that are named, and of folders all below with one of `extensions`, by path. Throws ERR_USAGE_ARGUMENT for a folder
 * that has none and for more or larger ones than are read, and the system's errors.
 */
export async function readRuleFiles(paths: readonly string[], extensions: readonly string[]): Promise<RuleFile[]> {
  const files: string[] = [];
  for (const path of paths) {
    const isRules = (name: string) => extensions.includes(extname(name).toLowerCase());
    const found = (await ruleFilesAt(path, isRules, MOST)).map((file) => file.path).sort();
    if (found.length === 0)
      throw cliError('ERR_USAGE_ARGUMENT', `${path} has no files that end in ${extensions.join(' or ')}`);
    files.push(...found);
    if (files.length > MOST) throw cliError('ERR_USAGE_ARGUMENT', `more than ${MOST} files of rules`);
  }
  const read: RuleFile[] = [];
  for (const path of files) {
    if ((await stat(path)).size > LARGEST)
      throw cliError('ERR_USAGE_ARGUMENT', `${path} has more than ${LARGEST} bytes`);
    const bytes = await readFile(path);
    read.push({ name: basename(path), digest: digestOf(bytes), text: bytes.toString() });
  }
  return read;
}

/** A file of rules that was found. */
interface FoundFile {
  readonly path: string;
  /** Relative to the folder that was given; of a file that was given its name. */
  readonly name: string;
}

/**
 * The file at a place or, of a folder, all below it whose name `isRules` takes, folder by folder in the order of their names;
 * `most` and one more at most. Throws the system's errors.
 */
export async function ruleFilesAt(
  place: string,
  isRules: (name: string) => boolean,
  most: number,
): Promise<readonly FoundFile[]> {
  if (!(await stat(place)).isDirectory()) return [{ path: place, name: basename(place) }];
  const found: FoundFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length > most) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && isRules(entry.name)) found.push({ path, name: relative(place, path) });
    }
  };
  await walk(place);
  return found;
}
