/** Digests of an archive, of each of its entries, and the Merkle root of its memory. */
import { type ByteSource, type Digest, type ReadOptions, Sha256, streamOf } from '@stillframe/core';
import { measureInThreads } from './measure-threads.ts';
import type { MERKLE_ALGORITHM } from './merkle.ts';
import { EntryMeters, type EntryRange } from './meters.ts';

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

export interface Measured extends MeasuredContents {
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** What an archive holds. */
export interface MeasuredContents {
  entries: MeasuredEntry[];
  memory: MeasuredMemory;
}

export interface MeasureOptions extends ReadOptions {
  /** Told how many bytes were read. */
  onProgress?: ((bytes: number) => void) | undefined;
  /** Whether threads may open the source's files anew by their paths; nobody may exchange them meanwhile. */
  threads?: boolean | undefined;
}

/** Bytes from which on two threads are done before one is, though they must be started. */
const WORTH_THREADS = 64 << 20;

/**
 * Reads `source` from end to end, in threads of its own twice. Ranges that overlap, as a forged archive may have them, are each
 * measured as far as they lie behind the one before. Pages are hashed twice, not thrice: their entry is told by a root instead of
 * a digest. Throws the errors of the source and the reason of the signal.
 */
export async function measure(
  source: ByteSource,
  ranges: readonly EntryRange[],
  options: MeasureOptions = {},
): Promise<Measured> {
  const { locator } = source;
  if (!options.threads || !locator || locator.kind === 'blob' || source.size < WORTH_THREADS) {
    return await measureHere(source, ranges, options);
  }
  try {
    return await measureInThreads(locator, ranges, options);
  } catch {
    options.signal?.throwIfAborted();
    // A host may be short of threads; and what is wrong with the source has its own words here.
    return await measureHere(source, ranges, options);
  }
}

async function measureHere(
  source: ByteSource,
  ranges: readonly EntryRange[],
  { signal, onProgress }: MeasureOptions,
): Promise<Measured> {
  const archive = new Sha256();
  const meters = new EntryMeters(ranges);
  for await (const chunk of streamOf(source, { signal, chunkSize: 4 << 20 })) {
    archive.update(chunk);
    meters.update(chunk);
    onProgress?.(archive.size);
  }
  return { digest: archive.digest(), size: archive.size, ...meters.end() };
}
