/** Files of rules that a user gives: read whole, bounded, and told by digest in a record. */
import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
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
    const found = (await stat(path)).isDirectory() ? await below(path, extensions) : [path];
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

async function below(folder: string, extensions: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (entry.isFile() && extensions.includes(extname(entry.name).toLowerCase()))
      found.push(join(entry.parentPath, entry.name));
    if (found.length > MOST) break;
  }
  return found.sort();
}
