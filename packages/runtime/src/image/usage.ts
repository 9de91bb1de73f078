/** How much folders take, remembered for a while: the kubelet asks every few seconds. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '@stillframe/core';

export interface FolderUsage {
  /** Milliseconds since 1970 of the look. */
  at: number;
  /** Bytes on disk; a file with several names counts once. */
  bytes: number;
  inodes: number;
}

/** Milliseconds that an answer stays good. */
const GOOD = 10_000;
/** Files looked at; a folder with more is counted in part, which the kubelet's thresholds can stand. */
const MOST_FILES = 2_000_000;

/** Looks at folders for many callers at once, each no more often than every ten seconds. */
export class UsageMeter {
  readonly #known = new Map<string, Promise<FolderUsage>>();
  /** What never changes once it is there, such as a layer; by path. */
  readonly #lasting = new Map<string, FolderUsage>();

  /** What `folder` takes. `lasting`: a folder directly below it whose entries never change. */
  async usageOf(folder: string, lasting?: string): Promise<FolderUsage> {
    const known = await this.#known.get(folder);
    if (known && Date.now() - known.at < GOOD) return known;
    const asked = this.#look(folder, lasting).catch(() => ({ at: 0, bytes: 0, inodes: 0 }));
    this.#known.set(folder, asked);
    return asked;
  }

  async #look(folder: string, lasting: string | undefined): Promise<FolderUsage> {
    const sum = await measure(folder, lasting === undefined ? undefined : join(folder, lasting));
    if (lasting === undefined) return sum;
    const parts = await namesIn(join(folder, lasting));
    for (const path of parts) {
      const part = this.#lasting.get(path) ?? (await measure(path));
      this.#lasting.set(path, part);
      sum.bytes += part.bytes;
      sum.inodes += part.inodes;
    }
    const there = new Set(parts);
    for (const path of [...this.#lasting.keys()]) if (!there.has(path)) this.#lasting.delete(path);
    return sum;
  }
}

/** Walks `folder` but for what lies below `except`; what vanishes meanwhile is not counted. */
async function measure(folder: string, except?: string): Promise<FolderUsage> {
  const sum = { at: Date.now(), bytes: 0, inodes: 0 };
  const seen = new Set<string>();
  const open = [folder];
  for (let next = open.pop(); next !== undefined && sum.inodes < MOST_FILES; next = open.pop()) {
    for (const path of await namesIn(next)) {
      const found = await lstat(path).catch(() => undefined);
      if (!found) continue;
      const identity = `${found.dev}:${found.ino}`;
      if (found.nlink > 1 && !found.isDirectory() && seen.has(identity)) continue;
      if (found.nlink > 1 && !found.isDirectory()) seen.add(identity);
      sum.bytes += found.blocks * 512;
      sum.inodes += 1;
      if (found.isDirectory() && path !== except) open.push(path);
    }
  }
  return sum;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const { name } of await opendir(folder)) names.push(join(folder, name));
    return names;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
