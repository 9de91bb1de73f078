/** How much a container has written: a walk over its upper folder, bounded and remembered for a while. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

export interface FolderSize {
  /** Nanoseconds since 1970. */
  at: bigint;
  /** Bytes of blocks in use; a file with several names counts once. */
  bytes: bigint;
  inodes: bigint;
}

/** Entries looked at; a folder with more is told as large as what was seen of it. */
const LIMIT = 200_000;
/** Milliseconds that a result is good for. */
const FRESH = 10_000;

export class FolderSizes {
  readonly #known = new Map<string, { until: number; size: Promise<FolderSize> }>();

  /** Never throws: what vanishes during the walk is not counted. Those who ask at once share one walk. */
  of(folder: string): Promise<FolderSize> {
    const now = performance.now();
    const known = this.#known.get(folder);
    if (known && known.until > now) return known.size;
    for (const [name, { until }] of this.#known) if (until < now) this.#known.delete(name);
    const size = measure(folder);
    const entry = { until: Number.POSITIVE_INFINITY, size };
    this.#known.set(folder, entry);
    void size.then(() => {
      entry.until = performance.now() + FRESH;
    });
    return size;
  }
}

async function measure(folder: string): Promise<FolderSize> {
  const at = BigInt(Date.now()) * 1_000_000n;
  const seen = new Set<bigint>();
  let bytes = 0n;
  let inodes = 0n;
  let left = LIMIT;
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined && left > 0; path = waiting.pop()) {
    const entries = await opendir(path).catch(() => undefined);
    if (!entries) continue;
    for await (const entry of entries) {
      left -= 1;
      if (left < 0) break;
      const inside = join(path, entry.name);
      const facts = await lstat(inside, { bigint: true }).catch(() => undefined);
      if (!facts) continue;
      if (facts.nlink > 1n && !facts.isDirectory()) {
        if (seen.has(facts.ino)) continue;
        seen.add(facts.ino);
      }
      inodes += 1n;
      // lstat tells blocks of 512 bytes whatever the filesystem's own are.
      bytes += facts.blocks * 512n;
      if (facts.isDirectory()) waiting.push(inside);
    }
  }
  return { at, bytes, inodes };
}
