/** What a container changed in its root filesystem: the upper folder as a tar and a list of deletions (CRI-O's form). */
import { dirname, join, relative } from 'node:path';
import type { ReadOptions } from '@stillframe/core';
import { demand, run } from '../process/run.ts';
import { bytesOfPath, byteText, entriesAt, textOfPath } from './byte-path.ts';
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

/**
 * Writes `tarPath` from `upper`. The caller holds the container frozen, so that files and memory are of one instant.
 * `skip`: absolute container paths that are mounts of others and no change of the container's.
 */
export async function writeRootfsDiff(
  upper: string,
  layersFolder: string,
  layers: readonly string[],
  tarPath: string,
  skip: ReadonlySet<string>,
  { signal }: ReadOptions = {},
): Promise<RootfsDiff> {
  const content: UpperContent = { present: [], folders: [], deleted: [] };
  const skipped = new Set([...skip].map(byteText));
  await walk(byteText(upper), '', skipped, content);
  if (content.present.length > 0) {
    const overlayOnly = ['--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*'];
    await demand(
      [
        ['tar', '--create', '--file', tarPath, '--directory', upper, '--format=pax'],
        ['--pax-option=delete=atime,delete=ctime', '--numeric-owner', '--sparse', ...overlayOnly],
        ['--no-recursion', '--null', '--verbatim-files-from', '--files-from=-'],
      ].flat(),
      { input: bytesOfPath(`${content.present.join('\0')}\0`), timeout: 24 * 3600_000, signal },
    );
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
  for (const { name, entry } of await entriesAt(join(upper, folder))) {
    const inside = join(folder, name);
    if (skip.has(`/${inside}`)) continue;
    if (entry.isCharacterDevice() && (await isWhiteout(bytesOfPath(join(upper, inside)))))
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
