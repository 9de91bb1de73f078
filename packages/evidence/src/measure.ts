/** Digests of an archive, of each of its entries, and the Merkle root of its memory, in one pass over its bytes. */
import { type ByteSource, type Digest, type ReadOptions, Sha256, streamOf } from '@stillframe/core';
import { MERKLE_ALGORITHM, MerkleRoot, RUN, RunHasher } from './merkle.ts';

/** Where the bytes of an entry lie in the archive. */
export interface EntryRange {
  name: string;
  offset: number;
  size: number;
}

/** An entry's bytes: their digest or, where they are pages of memory, the root of the Merkle tree over them. */
export type MeasuredEntry = { name: string; size: number } & ({ digest: Digest } | { root: string });

/** The tree over the runs of all pages, in the order of the entries; a file's last run may be shorter, none spans two. */
export interface MeasuredMemory {
  algorithm: typeof MERKLE_ALGORITHM;
  /** Bytes. */
  run: number;
  leaves: number;
  /** 64 hexadecimal digits. */
  root: string;
}

export interface Measured {
  digest: Digest;
  size: number;
  entries: MeasuredEntry[];
  memory: MeasuredMemory;
}

/** Whether an entry holds pages of memory: CRIU's pages images, of earlier dumps too. */
function isMemory(name: string): boolean {
  return /(^|\/)pages-[^/]*\.img$/.test(name);
}

/**
 * Reads `source` once, from end to end. Ranges that overlap, as a forged archive may have them, are each measured as far
 * as they lie behind the one before. Pages are hashed twice, not thrice: their entry is told by a root instead of a digest.
 */
export async function measure(
  source: ByteSource,
  ranges: readonly EntryRange[],
  options: ReadOptions & { onProgress?: ((bytes: number) => void) | undefined } = {},
): Promise<Measured> {
  const archive = new Sha256();
  const ordered = ranges.toSorted((a, b) => a.offset - b.offset || a.size - b.size);
  const memory = new MerkleRoot();
  const entries: MeasuredEntry[] = [];
  let next = 0;
  let open = meterOf(ordered[0], memory);
  for await (const chunk of streamOf(source, { signal: options.signal, chunkSize: 4 << 20 })) {
    const start = archive.size;
    archive.update(chunk);
    while (open && open.end <= start + chunk.length) {
      open.update(chunk, start);
      entries.push(open.close());
      next += 1;
      open = meterOf(ordered[next], memory);
    }
    open?.update(chunk, start);
    options.onProgress?.(archive.size);
  }
  for (; open; open = meterOf(ordered[++next], memory)) entries.push(open.close());
  return { digest: archive.digest(), size: archive.size, entries, memory: memoryOf(memory) };
}

interface Meter {
  /** Offset in the archive after its last byte. */
  end: number;
  /** Takes what of `chunk`, which begins at `start`, belongs to the entry. */
  update(chunk: Uint8Array, start: number): void;
  close(): MeasuredEntry;
}

function meterOf(range: EntryRange | undefined, memory: MerkleRoot): Meter | undefined {
  if (!range) return undefined;
  const { name, offset, size } = range;
  const end = offset + size;
  const part = (chunk: Uint8Array, start: number) =>
    chunk.subarray(Math.max(0, offset - start), Math.max(0, Math.min(chunk.length, end - start)));
  if (!isMemory(name)) {
    const hash = new Sha256();
    return {
      end,
      update: (chunk, start) => void hash.update(part(chunk, start)),
      close: () => ({ name, size, digest: hash.digest() }),
    };
  }
  const tree = new MerkleRoot();
  const runs = new RunHasher((leaf) => {
    tree.add(leaf);
    memory.add(leaf);
  });
  return {
    end,
    update: (chunk, start) => runs.update(part(chunk, start)),
    close: () => {
      runs.end();
      return { name, size, root: tree.root() };
    },
  };
}

function memoryOf(tree: MerkleRoot): MeasuredMemory {
  return { algorithm: MERKLE_ALGORITHM, run: RUN, leaves: tree.leaves, root: tree.root() };
}
