/** Search of the whole dumped memory, private and shared, with the address and the VMA of every match. */
import { type AddressSpace, type ImageSet, openAddressSpace, openPageChain, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { type FileTable, readFileTable } from '../fd/file-table.ts';
import { scanPages } from './page-scan.ts';
import { type Process, readProcesses } from './process-tree.ts';

/** What a matched address belongs to. */
export interface MatchVma {
  readonly start: bigint;
  readonly end: bigint;
  /** PROT_* bits: read 1, write 2, execute 4. */
  readonly prot: number;
  /** `heap`, `stack`, `anonymous`, `shared-memory`, `memfd`, `vdso`, `vvar`, `vsyscall`, or the path of a mapped file; raw text. */
  readonly backing: string;
}

/** One place where the needle stands. */
export interface MemoryMatch {
  /** Undefined only for shared memory that no searched process maps. */
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  /** Address in the process; the offset in the segment where no process maps it. */
  readonly vaddr: bigint;
  /** Bytes that match. */
  readonly bytes: number;
  /** Undefined where the address lies in no VMA, as in a damaged dump. */
  readonly vma: MatchVma | undefined;
  /** Name of the image searched: `pagemap-7` or `pagemap-shmem-3`. */
  readonly image: string;
  /** Offset of the match in the pages image. */
  readonly pagesOffset: number;
  /** Bytes around the match, of captured memory that is contiguous in the image. Raw, possibly secret. */
  readonly context: Uint8Array;
  /** Where the match begins in `context`. */
  readonly contextOffset: number;
}

/** Options of searchMemory. */
export interface SearchOptions {
  /** Only these processes, and only segments that they map. */
  pids?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
  /** Matches yielded at most; 1,000,000 by default. */
  limit?: number | undefined;
  /** Bytes of context before and after, 32 by default, at most 4096. */
  context?: number | undefined;
  chunkSize?: number | undefined;
}

const LONGEST_NEEDLE = 64 << 10;

/**
 * Yields every place in captured memory where `needle` stands: process by process in the order of the dump, then segment
 * by segment. A match in a segment is yielded once for each process that maps that place.
 * Throws ERR_SEARCH_NEEDLE_INVALID for an empty needle or one above 64 KiB.
 */
export async function* searchMemory(
  checkpoint: Pick<Checkpoint, 'images'>,
  needle: Uint8Array,
  options: SearchOptions = {},
): AsyncGenerator<MemoryMatch, void, undefined> {
  if (needle.length === 0 || needle.length > LONGEST_NEEDLE) {
    throw checkpointError('ERR_SEARCH_NEEDLE_INVALID', `a needle of ${needle.length} bytes cannot be searched for`);
  }
  const limit = options.limit ?? 1_000_000;
  if (limit <= 0) return;
  let count = 0;
  for await (const match of allMatches(checkpoint.images, needle, options)) {
    yield match;
    count += 1;
    if (count >= limit) return;
  }
}

interface Searched {
  process: Process;
  space: AddressSpace;
}

async function* allMatches(
  images: ImageSet,
  needle: Uint8Array,
  options: SearchOptions,
): AsyncGenerator<MemoryMatch, void, undefined> {
  const files = await readFileTable(images, options);
  const mappers: Searched[] = [];
  const segments = images.ids('pagemap-shmem').length > 0;
  for (const process of await readProcesses(images, options)) {
    if (options.pids && !options.pids.includes(process.pid)) continue;
    const space = await openAddressSpace(images, process.pid, options);
    if (!space) continue;
    yield* privateMatches({ process, space }, files, needle, options);
    // Kept only where segments must be attributed later: an address space holds its whole pagemap.
    if (segments) mappers.push({ process, space });
  }
  for (const id of images.ids('pagemap-shmem')) yield* sharedMatches(images, id, mappers, files, needle, options);
}

async function* privateMatches(
  { process, space }: Searched,
  files: FileTable,
  needle: Uint8Array,
  options: SearchOptions,
): AsyncGenerator<MemoryMatch, void, undefined> {
  for await (const { vaddr, pagesOffset, source } of scanPages([...space.capturedRuns()], needle, options)) {
    const vma = space.vmaAt(vaddr);
    yield {
      pid: process.pid,
      comm: process.comm,
      vaddr,
      bytes: needle.length,
      vma: vma && describeVma(vma, files, space),
      image: `pagemap-${process.pid}`,
      pagesOffset,
      ...(await contextOf(source, pagesOffset, needle.length, options)),
    };
  }
}

async function* sharedMatches(
  images: ImageSet,
  id: number,
  mappers: readonly Searched[],
  files: FileTable,
  needle: Uint8Array,
  options: SearchOptions,
): AsyncGenerator<MemoryMatch, void, undefined> {
  const pages = await openPageChain(images, 'pagemap-shmem', id, options);
  if (!pages) return;
  const mappings = mappers.flatMap(({ process, space }) =>
    space.vmas.filter((vma) => segmentOf(vma, files) === BigInt(id)).map((vma) => ({ process, space, vma })),
  );
  if (mappings.length === 0 && options.pids) return;
  for await (const { vaddr: offset, pagesOffset, source } of scanPages([...pages.runs()], needle, options)) {
    const context = await contextOf(source, pagesOffset, needle.length, options);
    const found = { image: `pagemap-shmem-${id}`, pagesOffset, bytes: needle.length, ...context };
    let mapped = false;
    for (const { process, space, vma } of mappings) {
      const vaddr = vma.start + (offset - vma.pgoff);
      if (offset < vma.pgoff || vaddr >= vma.end) continue;
      mapped = true;
      yield { pid: process.pid, comm: process.comm, vaddr, vma: describeVma(vma, files, space), ...found };
    }
    if (!mapped && !options.pids) yield { pid: undefined, comm: undefined, vaddr: offset, vma: undefined, ...found };
  }
}

/** The id of the segment a VMA shows: its own for anonymous shared memory, that of the inode for a memfd. */
function segmentOf(vma: vma_entry, files: FileTable): bigint | undefined {
  if ((vma.status & VmaStatus.MEMFD) !== 0) {
    const id = files.memfdSegment(Number(vma.shmid));
    return id === undefined ? undefined : BigInt(id);
  }
  return (vma.status & (VmaStatus.ANON_SHARED | VmaStatus.SYSVIPC)) !== 0 ? vma.shmid : undefined;
}

/** A VMA in the words of a match. */
export function describeVma(vma: vma_entry, files: FileTable, space: AddressSpace): MatchVma {
  return { start: vma.start, end: vma.end, prot: vma.prot, backing: backingOf(vma, files, space) };
}

/** What is behind a VMA, in one word or as the path of a file. */
export function backingOf(vma: vma_entry, files: FileTable, space: Pick<AddressSpace, 'mm'>): string {
  const has = (bit: number) => (vma.status & bit) !== 0;
  if (has(VmaStatus.HEAP)) return 'heap';
  if (has(VmaStatus.STACK)) return 'stack';
  if (has(VmaStatus.VDSO)) return 'vdso';
  if (has(VmaStatus.VVAR)) return 'vvar';
  if (has(VmaStatus.VSYSCALL)) return 'vsyscall';
  if (has(VmaStatus.MEMFD)) return 'memfd';
  if (has(VmaStatus.ANON_SHARED) || has(VmaStatus.SYSVIPC)) return 'shared-memory';
  if (has(VmaStatus.FILE_PRIVATE) || has(VmaStatus.FILE_SHARED)) return files.path(Number(vma.shmid)) ?? 'file';
  // CRIU marks no stack; the main one is where mm_start_stack lies.
  const stack = space.mm?.mmStartStack;
  return stack !== undefined && stack >= vma.start && stack < vma.end ? 'stack' : 'anonymous';
}

async function contextOf(
  source: {
    readonly size: number;
    readInto: (offset: number, target: Uint8Array, options: SearchOptions) => Promise<number>;
  },
  pagesOffset: number,
  length: number,
  options: SearchOptions,
): Promise<{ context: Uint8Array; contextOffset: number }> {
  const margin = Math.min(options.context ?? 32, 4096);
  const start = Math.max(0, pagesOffset - margin);
  const bytes = new Uint8Array(Math.min(source.size, pagesOffset + length + margin) - start);
  const read = await source.readInto(start, bytes, options);
  return { context: bytes.subarray(0, read), contextOffset: pagesOffset - start };
}
