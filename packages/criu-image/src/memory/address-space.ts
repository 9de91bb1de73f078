/** The memory of one dumped process as it saw it: VMAs, and for every byte its value or why there is none. spec 7.5. */
import { countUpTo } from '@stillframe/core/sorted';
import type { ImageSet } from '../image-set.ts';
import type { mm_entry, vma_entry } from '../proto.ts';
import { type AbsentReason, appendRange, type MemoryRange, type ReadMemoryOptions } from './memory-range.ts';
import { openPageChain, PageChain, type PlacedRun } from './page-chain.ts';
import { Segments } from './segments.ts';
import { type Run, StoredPages, type StoredPagesOptions } from './stored-pages.ts';
import { VmaStatus } from './vma-status.ts';

/** Bytes of memory in the pages image of that id. */
export interface StoredPart {
  pagesId: number;
  offset: number;
  bytes: number;
}

/**
 * What a byte of memory is, before it is read. `own`: in the pages of the dump asked for, not in those of one before it.
 * `file`: that of the mapped file, at this offset of it.
 */
export type PlacedBytes =
  | { state: 'captured'; pages: StoredPages; offset: number; own: boolean }
  | { state: 'zero' }
  | { state: 'file'; fileId: number; offset: bigint }
  | Absent;
type Absent = { state: 'absent'; reason: AbsentReason };

const ADDRESSES = 1n << 64n;
const CAPTURED = { state: 'captured' } as const;

/** The memory of one process. */
export class AddressSpace {
  readonly pid: number;
  /** Undefined where the mm image is missing or damaged; then every byte outside the pagemap is `damaged`. */
  readonly mm: mm_entry | undefined;
  /** By ascending start; those that are empty are left out. */
  readonly vmas: readonly vma_entry[];
  /** The private pages, over all dumps of the chain. */
  readonly chain: PageChain;
  /** The shared pages, by VMA. */
  readonly segments: Segments;

  constructor(set: ImageSet, pid: number, mm: mm_entry | undefined, chain: PageChain, options: StoredPagesOptions) {
    this.segments = new Segments(set, { ...options, pageSize: chain.own.pageSize });
    this.pid = pid;
    this.mm = mm;
    this.chain = chain;
    this.vmas = (mm?.vmas ?? [])
      .filter((vma) => vma.start < vma.end)
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  }

  /** The private pages that this dump itself wrote. */
  get pages(): StoredPages {
    return this.chain.own;
  }

  get pageSize(): number {
    return this.pages.pageSize;
  }

  /** The VMA that has the byte at `vaddr`. */
  vmaAt(vaddr: bigint): vma_entry | undefined {
    const vma = this.vmas[this.#lastVmaAtOrBefore(vaddr)];
    return vma !== undefined && vaddr < vma.end ? vma : undefined;
  }

  /**
   * Fills `target` from `vaddr` on and says of every part what it is, in order and without gaps; neighbours of the same
   * kind are one range. Where a byte is absent the target gets a zero, which then means nothing.
   */
  async read(vaddr: bigint, target: Uint8Array, options: ReadMemoryOptions = {}): Promise<MemoryRange[]> {
    const ranges: MemoryRange[] = [];
    for (let done = 0; done < target.length; ) {
      options.signal?.throwIfAborted();
      const at = vaddr + BigInt(done);
      const { bytes: reach, found } = await this.place(at);
      const part = target.subarray(done, done + Math.min(target.length - done, reach));
      if (found.state === 'captured') await this.#copy(found.pages, found.offset, part, at, options, ranges);
      else if (found.state === 'file') await this.#fill(found, part, at, options, ranges);
      else {
        part.fill(0);
        appendRange(ranges, at, part.length, found);
      }
      done += part.length;
    }
    return ranges;
  }

  /**
   * What the bytes from `vaddr` on are, up to `end`, without reading any of them; as read says it where no files are
   * given, but for pages images that turn out shorter than they claim.
   */
  async *survey(vaddr: bigint, end: bigint): AsyncGenerator<MemoryRange, void, undefined> {
    let last: MemoryRange | undefined;
    for (let at = vaddr; at < end; ) {
      const { bytes: reach, found } = await this.place(at);
      const bytes = nearest(reach, end - at);
      const state = found.state === 'file' ? absent('file') : found.state === 'captured' ? CAPTURED : found;
      const ranges = last === undefined ? [] : [last];
      appendRange(ranges, at, bytes, state);
      if (ranges.length > 1 && last !== undefined) yield last;
      last = ranges.at(-1);
      at += BigInt(bytes);
    }
    if (last !== undefined) yield last;
  }

  /**
   * Where the `length` bytes from `vaddr` on are stored by this dump, in order; undefined where one of them is not. Pages of
   * a shared segment are those of every process that maps it.
   */
  async stored(vaddr: bigint, length: number): Promise<StoredPart[] | undefined> {
    const parts: StoredPart[] = [];
    for (let done = 0; done < length; ) {
      const { bytes: reach, found } = await this.place(vaddr + BigInt(done));
      if (found.state !== 'captured' || !found.own) return undefined;
      const { pagesId } = found.pages.pagemap;
      if (pagesId === undefined) return undefined;
      const bytes = Math.min(length - done, reach);
      parts.push({ pagesId, offset: found.offset, bytes });
      done += bytes;
    }
    return parts;
  }

  /** The captured private memory that this dump itself wrote, front to back. */
  runs(): Iterable<Run> {
    return this.pages.runs();
  }

  /** All captured private memory by ascending address, also what earlier dumps hold. */
  capturedRuns(): Iterable<PlacedRun> {
    return this.chain.runs();
  }

  /** What the byte at `vaddr` is, and for how many bytes that holds at least: without end for what lies behind everything. */
  async place(vaddr: bigint): Promise<{ bytes: number; found: PlacedBytes }> {
    if (vaddr < 0n || vaddr >= ADDRESSES) return { bytes: Number.POSITIVE_INFINITY, found: absent('unmapped') };
    const { state, offset, bytes, pages } = this.chain.locate(vaddr);
    if (state === 'captured') return { bytes, found: { state, pages, offset, own: pages === this.pages } };
    if (state !== 'gap') return { bytes, found: absent(state) };
    const index = this.#lastVmaAtOrBefore(vaddr);
    const vma = this.vmas[index];
    const next = this.vmas[index + 1];
    const inNext = next === undefined ? ADDRESSES - vaddr : next.start - vaddr;
    if (vma === undefined || vaddr >= vma.end) {
      return { bytes: nearest(bytes, inNext), found: absent(this.mm === undefined ? 'damaged' : 'unmapped') };
    }
    const inside = nearest(bytes, vma.end - vaddr < inNext ? vma.end - vaddr : inNext);
    return this.#findOutsidePagemap(vma, vaddr, inside);
  }

  /** What a byte is that lies in `vma` and that no pagemap entry of the process speaks of. */
  async #findOutsidePagemap(
    vma: vma_entry,
    vaddr: bigint,
    bytes: number,
  ): Promise<{ bytes: number; found: PlacedBytes }> {
    const { VSYSCALL, VVAR, VDSO, GUARD, UPROBES } = VmaStatus;
    const { FILE_PRIVATE, FILE_SHARED, SOCKET, ANON_PRIVATE } = VmaStatus;
    const is = (bits: number) => (vma.status & bits) !== 0;
    if (is(VSYSCALL | VVAR | VDSO | GUARD | UPROBES)) return { bytes, found: absent('kernel') };
    if (is(SOCKET)) return { bytes, found: absent('file') };
    // Private pages are stored once they were written to, so the answer needs all entries.
    const written = is(FILE_PRIVATE | ANON_PRIVATE) && !this.pages.complete;
    if (written) return { bytes, found: absent('damaged') };
    if (Segments.shows(vma)) return this.#findShared(vma, vaddr, bytes);
    if (is(FILE_PRIVATE | FILE_SHARED)) {
      const offset = vma.pgoff + (vaddr - vma.start);
      return { bytes, found: { state: 'file', fileId: Number(vma.shmid), offset } };
    }
    return { bytes, found: is(ANON_PRIVATE) ? { state: 'zero' } : absent('shared') };
  }

  async #findShared(vma: vma_entry, vaddr: bigint, bytes: number): Promise<{ bytes: number; found: PlacedBytes }> {
    const segment = await this.segments.of(vma);
    const address = vma.pgoff + (vaddr - vma.start);
    if (segment === undefined || address >= ADDRESSES) return { bytes, found: absent('shared') };
    const { state, offset, bytes: extent, pages } = segment.locate(address);
    const reach = Math.min(bytes, extent);
    if (state === 'captured') return { bytes: reach, found: { state, pages, offset, own: pages === segment.own } };
    if (state !== 'gap') return { bytes: reach, found: absent(state) };
    return { bytes: reach, found: segment.own.complete ? { state: 'zero' } : absent('damaged') };
  }

  /** Pages of a mapped file: what the caller's files have of it, zeroes to the end of its last page, absent behind. */
  async #fill(
    { fileId, offset }: { fileId: number; offset: bigint },
    part: Uint8Array,
    vaddr: bigint,
    options: ReadMemoryOptions,
    ranges: MemoryRange[],
  ): Promise<void> {
    part.fill(0);
    const file = await options.files?.open(fileId, options);
    const size = file?.source.size ?? 0;
    const last = BigInt(Math.ceil(size / this.pageSize) * this.pageSize);
    const there = offset >= last ? 0 : nearest(part.length, last - offset);
    if (file !== undefined && there > 0) {
      if (offset < BigInt(size)) await file.source.readInto(Number(offset), part.subarray(0, there), options);
      appendRange(ranges, vaddr, there, { state: 'filled', from: file.from });
    }
    if (there < part.length) appendRange(ranges, vaddr + BigInt(there), part.length - there, absent('file'));
  }

  async #copy(
    pages: StoredPages,
    offset: number,
    part: Uint8Array,
    vaddr: bigint,
    options: ReadMemoryOptions,
    ranges: MemoryRange[],
  ): Promise<void> {
    const read = (await pages.source?.readInto(offset, part, options)) ?? 0;
    if (read > 0) appendRange(ranges, vaddr, read, CAPTURED);
    if (read < part.length) {
      part.fill(0, read);
      appendRange(ranges, vaddr + BigInt(read), part.length - read, absent('damaged'));
    }
  }

  #lastVmaAtOrBefore(vaddr: bigint): number {
    return countUpTo(this.vmas, ({ start }) => start <= vaddr) - 1;
  }
}

/**
 * Opens the memory of a process. Undefined where the set has neither mm nor pagemap for the pid, as for a zombie.
 * Damage goes to the diagnostics of the set.
 */
export async function openAddressSpace(
  set: ImageSet,
  pid: number,
  options: StoredPagesOptions = {},
): Promise<AddressSpace | undefined> {
  const mm = await set.single('mm', pid, options);
  const chain = await openPageChain(set, 'pagemap', pid, options);
  if (mm === undefined && chain === undefined) return undefined;
  reportMissing(set, pid);
  return new AddressSpace(set, pid, mm, chain ?? new PageChain([noPages(options.pageSize)], false), options);
}

/** CRIU writes both images for every process that has memory. */
function reportMissing(set: ImageSet, pid: number): void {
  for (const kind of ['mm', 'pagemap'] as const) {
    if (set.source(kind, pid) !== undefined) continue;
    set.reporter(
      kind,
      pid,
    )({ id: 'image-missing', severity: 'error', message: 'a process with memory has no such image' });
  }
}

function absent(reason: AbsentReason): Absent {
  return { state: 'absent', reason };
}

function nearest(a: number, b: bigint): number {
  return Math.min(a, Number(b));
}

function noPages(pageSize = 4096): StoredPages {
  const none = new Float64Array(0);
  const pagemap = {
    pagesId: undefined,
    complete: false,
    length: 0,
    units: none,
    pages: none,
    storedBefore: none,
    storedPages: 0,
    inParent: false,
  };
  return new StoredPages({ ...pagemap, flags: new Uint8Array(0) }, undefined, pageSize);
}
