/**
 * An image's unpacked layers as overlayfs shows them together (kernel: overlayfs.rst), without a mount. Links in them lead
 * wherever the image's maker liked, the host's own files included, so none is ever followed.
 */
import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/run.ts';
import { bytesOfPath, byteText, entriesAt } from './byte-path.ts';
import { isWhiteoutStat } from './whiteouts.ts';

/** A folder of one layer that contributes to what is seen at a path. */
export interface LowerFolder {
  /** Byte path on the host. */
  path: string;
  stat: Stats;
}

/** What a layer has at a path: nothing, something that hides lower layers without being a folder, or a folder. */
type Found =
  | { kind: 'nothing' }
  | { kind: 'no-folder'; stat: Stats }
  | { kind: 'folder'; stat: Stats; opaque: boolean };

export class LowerLayers {
  readonly #roots: readonly string[];
  readonly #seen = new Map<string, Promise<Found>>();

  /** `names` are folder names inside `folder`, lowest first. */
  constructor(folder: string, names: readonly string[]) {
    this.#roots = names.toReversed().map((name) => byteText(join(folder, name)));
  }

  /** The folders that overlayfs merges at the byte path `path` (relative to the root), topmost first; none where it shows no folder. */
  async foldersAt(path: string): Promise<LowerFolder[]> {
    const folders: LowerFolder[] = [];
    for (const root of this.#roots) {
      const { found, hides } = await this.#walk(root, path);
      if (found.kind === 'folder') folders.push({ path: join(root, path), stat: found.stat });
      if (hides) break;
    }
    return folders;
  }

  /** Byte names of what is seen in the folder at `path`, which need be none. */
  async namesAt(path: string): Promise<Set<string>> {
    const names = new Set<string>();
    const decided = new Set<string>();
    for (const folder of await this.foldersAt(path)) {
      for (const { name } of await entriesAt(folder.path)) {
        if (decided.has(name)) continue;
        decided.add(name);
        if (!isWhiteoutStat(await lstat(bytesOfPath(join(folder.path, name))))) names.add(name);
      }
    }
    return names;
  }

  /** Whether anything is seen at the byte path `path`. */
  async has(path: string): Promise<boolean> {
    for (const root of this.#roots) {
      const { found, hides } = await this.#walk(root, path);
      if (found.kind === 'folder') return true;
      if (found.kind === 'no-folder') return !isWhiteoutStat(found.stat);
      if (hides) return false;
    }
    return false;
  }

  /** What one layer has at `path`, and whether that layer keeps lower ones from being seen there. */
  async #walk(root: string, path: string): Promise<{ found: Found; hides: boolean }> {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    let at = root;
    let hides = false;
    let found = await this.#look(root);
    for (const [i, part] of parts.entries()) {
      at = join(at, part);
      found = await this.#look(at);
      if (found.kind === 'nothing') return { found, hides };
      const last = i === parts.length - 1;
      if (found.kind === 'no-folder') return { found: last ? found : { kind: 'nothing' }, hides: true };
      hides ||= found.opaque;
    }
    return { found, hides };
  }

  #look(at: string): Promise<Found> {
    const known = this.#seen.get(at);
    if (known) return known;
    const looking = lookAt(at);
    this.#seen.set(at, looking);
    return looking;
  }
}

async function lookAt(at: string): Promise<Found> {
  const stat = await lstat(bytesOfPath(at)).catch(() => undefined);
  if (!stat) return { kind: 'nothing' };
  if (!stat.isDirectory()) return { kind: 'no-folder', stat };
  return { kind: 'folder', stat, opaque: await isOpaque(at) };
}

/** xargs hands the path on byte for byte, which an argument of ours, always UTF-8, could not carry. */
async function isOpaque(at: string): Promise<boolean> {
  const words = ['getfattr', '--absolute-names', '--only-values', '--name', 'trusted.overlay.opaque'];
  const { code, stdout } = await run(['xargs', '--null', ...words], { input: bytesOfPath(at), timeout: 30_000 });
  return code === 0 && stdout.startsWith('y');
}
