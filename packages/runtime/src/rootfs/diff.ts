/** What a container changed in its root filesystem: the upper folder as a tar and a list of deletions (CRI-O's form). */
import { dirname, join, relative } from 'node:path';
import { orAbsent, type ReadOptions } from '@stillframe/core';
import { run } from '../process/run.ts';
import { bytesOfPath, byteText, entriesAt, textOfPath } from './byte-path.ts';
import { createTar } from './create-tar.ts';
import { LowerLayers } from './lower-layers.ts';
import { isWhiteout } from './whiteouts.ts';

export interface RootfsDiff {
  /** Whether anything was added or changed, so that a tar was written. */
  written: boolean;
  /** Absolute paths inside the container that the image has and the container deleted; names that are no UTF-8 are left out. */
  deleted: string[];
}

interface UpperContent {
  /** Byte paths relative to the upper folder, parents before children. */
  present: string[];
  folders: string[];
  deleted: string[];
}

export interface RootfsDiffOptions extends ReadOptions {
  /** Whether the container goes on writing meanwhile, so that what is read may be of several instants; false by default. */
  changing?: boolean;
}

/**
 * Writes `tarPath` from `upper`. Files and memory are of one instant only where the caller holds the container frozen.
 * `skip`: absolute container paths that are mounts of others and no change of the container's. Throws ERR_PROCESS_FAILED.
 */
export async function writeRootfsDiff(
  upper: string,
  layersFolder: string,
  layers: readonly string[],
  tarPath: string,
  skip: ReadonlySet<string>,
  { signal, changing = false }: RootfsDiffOptions = {},
): Promise<RootfsDiff> {
  const content: UpperContent = { present: [], folders: [], deleted: [] };
  const skipped = new Set([...skip].map(byteText));
  await walk(byteText(upper), '', skipped, content);
  if (content.present.length > 0) {
    const overlayOnly = ['--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*'];
    const named = ['--no-recursion', '--null', '--verbatim-files-from', '--files-from=-'];
    const args = ['--pax-option=delete=atime,delete=ctime', ...overlayOnly, ...named];
    const input = bytesOfPath(`${content.present.join('\0')}\0`);
    await createTar({ path: tarPath, folder: upper, args, changing }, { input, signal });
  }
  const present = new Set(content.present);
  const lower = new LowerLayers(layersFolder, layers);
  for (const folder of await hidingFolders(upper, content.folders)) {
    for (const name of await lower.namesAt(folder)) {
      const path = join(folder, name);
      if (!present.has(path) && !skipped.has(`/${path}`)) content.deleted.push(`/${path}`);
    }
  }
  const deleted = content.deleted.map(textOfPath).filter((path) => path !== undefined);
  return { written: content.present.length > 0, deleted };
}

async function walk(upper: string, folder: string, skip: ReadonlySet<string>, content: UpperContent): Promise<void> {
  for (const { name, entry } of await unlessGone(entriesAt(join(upper, folder)), [])) {
    const inside = join(folder, name);
    if (skip.has(`/${inside}`)) continue;
    if (entry.isCharacterDevice() && (await unlessGone(isWhiteout(bytesOfPath(join(upper, inside))), false)))
      content.deleted.push(`/${inside}`);
    else if (!entry.isSocket()) {
      content.present.push(inside);
      if (entry.isDirectory()) {
        content.folders.push(inside);
        await walk(upper, inside, skip, content);
      }
    }
  }
}

/** What was listed may be gone, or be no folder any more, where the container goes on. */
async function unlessGone<T>(seen: Promise<T>, otherwise: T): Promise<T> {
  return (await orAbsent(seen, 'ENOENT', 'ENOTDIR')) ?? otherwise;
}

/** The folders that hide what lies below them: those marked so (trusted.overlay.opaque), and all folders inside of these. */
async function hidingFolders(upper: string, folders: readonly string[]): Promise<string[]> {
  if (folders.length === 0) return [];
  const result = await run(
    ['getfattr', '--recursive', '--physical', '--absolute-names', '--name', 'trusted.overlay.opaque', upper],
    { timeout: 600_000, maxOutput: 64 << 20 },
  );
  const found = new Set<string>();
  for (const line of result.stdout.split('\n')) {
    if (line.startsWith('# file: ')) found.add(relative(byteText(upper), unescapeOctal(line.slice('# file: '.length))));
  }
  const hiding = new Set<string>();
  // Parents come first.
  for (const folder of folders) if (found.has(folder) || hiding.has(dirname(folder))) hiding.add(folder);
  return [...hiding];
}

/** A byte path as getfattr writes it: bytes outside its taste as `\ooo`. */
function unescapeOctal(text: string): string {
  return byteText(text).replace(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
