/**
 * Putting a captured rootfs diff into the upper folder of a new container. Diff and deletions come from an archive,
 * so from an attacker: nothing may be written outside the upper folder, and no symlink in it is followed.
 */
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, harmless } from '@stillframe/core';
import { demand } from '../process/run.ts';
import { bytesOfPath, byteText, entriesAt } from './byte-path.ts';
import { LowerLayers } from './lower-layers.ts';
import { convertWhiteouts, makeWhiteout } from './whiteouts.ts';

export interface DiffSource {
  /** A tar, plain or compressed, as a file; absent where nothing was added or changed. */
  tarPath?: string;
  /** Absolute container paths, as deleted.files has them. */
  deleted: readonly string[];
}

/** Fills an empty upper folder. Returns what could not be honoured. Throws ERR_PROCESS_FAILED for a damaged tar. */
export async function applyRootfsDiff(
  upper: string,
  layersFolder: string,
  layers: readonly string[],
  source: DiffSource,
): Promise<Diagnostic[]> {
  const diagnostics: Diagnostic[] = [];
  const lower = new LowerLayers(layersFolder, layers);
  if (source.tarPath !== undefined) {
    await extractTar(source.tarPath, upper);
    await convertWhiteouts(upper);
    await inheritAttributes(upper, lower, await namesOf(source.tarPath));
  }
  for (const path of source.deleted) {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const reason = malformed(parts) ?? (await applyDeletion(upper, parts, lower));
    if (reason !== undefined) {
      const message = `deletion of ${harmless(path.slice(0, 200))} not applied: ${reason}`;
      diagnostics.push({ id: 'deletion-refused', severity: 'warning', source: 'deleted.files', message });
    }
  }
  return diagnostics;
}

/**
 * Unpacks with GNU tar, which drops a leading `/`, refuses `..`, and makes symlinks last, so that no entry is written
 * through a link of the same archive.
 */
export async function extractTar(tarPath: string, folder: string): Promise<void> {
  await demand(
    [
      ['tar', '--extract', '--file', tarPath, '--directory', folder, '--numeric-owner', '--same-owner'],
      ['--same-permissions', '--delay-directory-restore', '--xattrs', '--xattrs-include=user.*'],
      ['--xattrs-include=security.capability', '--no-overwrite-dir', '--warning=none'],
    ].flat(),
    { timeout: 24 * 3600_000 },
  );
}

async function namesOf(tarPath: string): Promise<Set<string>> {
  const { stdout } = await demand(['tar', '--list', '--file', tarPath, '--quoting-style=escape', '--warning=none'], {
    timeout: 24 * 3600_000,
    maxOutput: 256 << 20,
  });
  const names = stdout.split('\n').map(unescaped);
  return new Set(names.map((name) => name.replace(/^\.?\//, '').replace(/\/$/, '')));
}

const ESCAPES = new Map(Object.entries({ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '\\': 92, ' ': 32 }));

/** A byte path of GNU tar's "escape" style: a backslash before a letter of C or three octal digits of one byte. */
function unescaped(name: string): string {
  return byteText(name).replace(/\\([0-7]{3}|.)/g, (all, what: string) => {
    const code = what.length === 3 ? Number.parseInt(what, 8) : ESCAPES.get(what);
    return code === undefined ? all : String.fromCharCode(code);
  });
}

/** A folder that the tar only implies takes owner and mode from the image, not those that tar made up. */
async function inheritAttributes(upper: string, lower: LowerLayers, named: ReadonlySet<string>): Promise<void> {
  const visit = async (folder: string): Promise<void> => {
    for (const { name, entry } of await entriesAt(join(byteText(upper), folder))) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, name);
      if (!named.has(path)) await copyAttributes(join(byteText(upper), path), path, lower);
      await visit(path);
    }
  };
  await visit('');
}

/** `to` and `path` are byte paths. */
async function copyAttributes(to: string, path: string, lower: LowerLayers): Promise<void> {
  const [top] = await lower.foldersAt(path);
  if (!top) return;
  await chown(bytesOfPath(to), top.stat.uid, top.stat.gid);
  await chmod(bytesOfPath(to), top.stat.mode & 0o7777);
}

/** Bytes of one name (NAME_MAX) and of a whole path (PATH_MAX, with room for the upper folder's own). */
const LONGEST = { name: 255, path: 3072 };

/** Why `parts` name nothing that could have been deleted, or undefined. */
function malformed(parts: readonly string[]): string | undefined {
  if (parts.length === 0) return 'it names the root';
  if (parts.includes('..') || parts.some((part) => part.includes('\0'))) return 'it leaves the root';
  const sizes = parts.map((part) => Buffer.byteLength(part));
  if (sizes.some((size) => size > LONGEST.name) || sizes.reduce((sum, size) => sum + size + 1, 0) > LONGEST.path)
    return 'no file has so long a name';
  return undefined;
}

/**
 * Removes what the upper folder has at `parts` and hides what the image has there, in folders made where they are missing,
 * with the attributes that the image gives them. Returns why it must not be done, or undefined.
 */
async function applyDeletion(upper: string, parts: readonly string[], lower: LowerLayers): Promise<string | undefined> {
  // A whiteout that hides nothing would itself be seen in a folder that overlayfs merges with none below.
  const hides = await lower.has(byteText(join(...parts)));
  for (let depth = 1; depth < parts.length; depth += 1) {
    const folder = join(...parts.slice(0, depth));
    const at = join(upper, folder);
    const stat = await lstat(at).catch(() => undefined);
    if (stat && !stat.isDirectory()) return 'it leads through something that is no folder';
    if (!stat && !hides) return undefined;
    if (!stat) {
      await mkdir(at, { mode: 0o755 });
      await copyAttributes(byteText(at), byteText(folder), lower);
    }
  }
  const at = join(upper, ...parts);
  if (hides) await makeWhiteout(at);
  else await rm(at, { recursive: true, force: true });
  return undefined;
}
