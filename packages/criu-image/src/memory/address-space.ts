/** The memory of one dumped process as it saw it: VMAs, and for every byte its value or why there is none. spec 7.5. */
import type { ImageSet } from '../image-set.ts';
import type { mm_entry, vma_entry } from '../proto.ts';
import { openStoredPages, type Run, StoredPages, type StoredPagesOptions } from './stored-pages.ts';
import { VmaStatus } from './vma-status.ts';

/**
 * Why a byte is not to be had from the image set:
 * - `unmapped`: the process had nothing there
 * - `file`: it is that of the mapped file (vma.shmid is the file's id, vma.pgoff where in it), which is not in the set
 * - `shared`: of a segment whose pages are not in the set, or are reached by another id (memfd, System V)
 * - `lazy`: left in the dumped process for a lazy migration
 * - `in-parent`: in the dump before this one
 * - `kernel`: made by the kernel on the restoring machine (vsyscall, vvar, vdso, guard pages)
 * - `damaged`: whether it was stored, or what, is lost with a missing or damaged pagemap or pages image
 */
export type AbsentReason = 'unmapped' | 'file' | 'shared' | 'lazy' | 'in-parent' | 'kernel' | 'damaged';

/** A part of what was read. `captured`: from a pages image. `zero`: never written by the process, so zeroes for sure. */
export type MemoryRange = { vaddr: bigint; bytes: number } & (
  | { state: 'captured' | 'zero' }
  | { state: 'absent'; reason: AbsentReason }
);

/** Bytes of memory in the pages image of that id. */
export interface StoredPart {
  pagesId: number;
  offset: number;
  bytes: number;
}

type Found = { state: 'captured'; pages: StoredPages; offset: number } | { state: 'zero' } | Absent;
type Absent = { state: 'absent'; reason: AbsentReason };

const ADDRESSES = 1n << 64n;

/** The memory of one process. */
export class AddressSpace {
  readonly pid: number;
  /** Undefined where the mm image is missing or damaged; then every byte outside the pagemap is `damaged`. */
  readonly mm: mm_entry | undefined;
  /** By ascending start; those that are empty are left out. */
  readonly vmas: readonly vma_entry[];
  /** The private pages. */
  readonly pages: StoredPages;
  readonly #set: ImageSet;
  readonly #options: StoredPagesOptions;
  readonly #segments = new Map<bigint, Promise<StoredPages | undefined>>();

  constructor(set: ImageSet, pid: number, mm: mm_entry | undefined, pages: StoredPages, options: StoredPagesOptions) {
    this.#set = set;
    this.#options = { ...options, pageSize: pages.pageSize };
    this.pid = pid;
    this.mm = mm;
    this.pages = pages;
    this.vmas = (mm?.vmas ?? [])
      .filter((vma) => vma.start < vma.end)
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
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
  async read(
    vaddr: bigint,
    target: Uint8Array,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<MemoryRange[]> {
    const ranges: MemoryRange[] = [];
    for (let done = 0; done < target.length; ) {
      options.signal?.throwIfAborted();
      const at = vaddr + BigInt(done);
      const left = target.length - done;
      const { bytes: reach, found } = await this.#find(at);
      const bytes = Math.min(left, reach);
      const part = target.subarray(done, done + bytes);
      if (found.state === 'captured') await this.#copy(found.pages, found.offset, part, at, options, ranges);
      else {
        part.fill(0);
        append(ranges, at, bytes, found);
      }
      done += bytes;
    }
    return ranges;
  }

  /** What the bytes from `vaddr` on are, up to `end`, as read says it, without reading any of them. */
  async *survey(vaddr: bigint, end: bigint): AsyncGenerator<MemoryRange, void, undefined> {
    let last: MemoryRange | undefined;
    for (let at = vaddr; at < end; ) {
      const { bytes: reach, found } = await this.#find(at);
      const bytes = nearest(reach, end - at);
      const ranges = last === undefined ? [] : [last];
      append(ranges, at, bytes, plainOf(found));
      if (ranges.length > 1 && last !== undefined) yield last;
      last = ranges.at(-1);
      at += BigInt(bytes);
    }
    if (last !== undefined) yield last;
  }

  /**
   * Where the `length` bytes from `vaddr` on are stored, in order; undefined where one of them is in no pages image. Pages
   * of a shared segment are those of every process that maps it.
   */
  async stored(vaddr: bigint, length: number): Promise<StoredPart[] | undefined> {
    const parts: StoredPart[] = [];
    for (let done = 0; done < length; ) {
      const { bytes: reach, found } = await this.#find(vaddr + BigInt(done));
      const pagesId = found.state === 'captured' ? found.pages.pagemap.pagesId : undefined;
      if (found.state !== 'captured' || pagesId === undefined) return undefined;
      const bytes = Math.min(length - done, reach);
      parts.push({ pagesId, offset: found.offset, bytes });
      done += bytes;
    }
    return parts;
  }

  /** The captured private memory, front to back. */
  runs(): Iterable<Run> {
    return this.pages.runs();
  }

  /** The address of a byte of the process's pages image. */
  vaddrOf(pagesOffset: number): bigint | undefined {
    return this.pages.vaddrOf(pagesOffset);
  }

  /** What the byte at `vaddr` is, and for how many bytes that holds at least. */
  async #find(vaddr: bigint): Promise<{ bytes: number; found: Found }> {
    if (vaddr < 0n || vaddr >= ADDRESSES) return { bytes: Number.POSITIVE_INFINITY, found: absent('unmapped') };
    const { state, offset, bytes } = this.pages.locate(vaddr);
    if (state === 'captured') return { bytes, found: { state, pages: this.pages, offset } };
    if (state !== 'gap') return { bytes, found: absent(state) };
    const index = this.#lastVmaAtOrBefore(vaddr);
    const vma = this.vmas[index];
    const next = this.vmas[index + 1];
    const inNext = next === undefined ? ADDRESSES - vaddr : next.start - vaddr;
    if (vma === undefined || vaddr >= vma.end) {
      return { bytes: nearest(bytes, inNext), found: absent(this.mm === undefined ? 'damaged' : 'unmapped') };
    }
    const inside = nearest(bytes, vma.end - vaddr < inNext ? vma.end - vaddr : inNext);
    if ((vma.status & VmaStatus.ANON_SHARED) === 0) return { bytes: inside, found: this.#outsidePagemap(vma.status) };
    return this.#findShared(vma, vaddr, inside);
  }

  /** What a byte is that lies in a VMA of this status and that no pagemap entry speaks of. */
  #outsidePagemap(status: number): Found {
    const { VSYSCALL, VVAR, VDSO, GUARD, UPROBES, SYSVIPC, MEMFD } = VmaStatus;
    const { FILE_PRIVATE, FILE_SHARED, SOCKET, ANON_PRIVATE } = VmaStatus;
    if ((status & (VSYSCALL | VVAR | VDSO | GUARD | UPROBES)) !== 0) return absent('kernel');
    if ((status & (MEMFD | SYSVIPC)) !== 0) return absent('shared');
    if ((status & (FILE_SHARED | SOCKET)) !== 0) return absent('file');
    // Private pages are stored once they were written to, so the answer needs all entries.
    if (!this.pages.complete) return absent('damaged');
    if ((status & FILE_PRIVATE) !== 0) return absent('file');
    return (status & ANON_PRIVATE) !== 0 ? { state: 'zero' } : absent('shared');
  }

  async #findShared(vma: vma_entry, vaddr: bigint, bytes: number): Promise<{ bytes: number; found: Found }> {
    let opening = this.#segments.get(vma.shmid);
    if (opening === undefined) {
      opening = openStoredPages(this.#set, 'pagemap-shmem', vma.shmid, this.#options);
      this.#segments.set(vma.shmid, opening);
    }
    const segment = await opening;
    const address = vma.pgoff + (vaddr - vma.start);
    if (segment === undefined || address >= ADDRESSES) return { bytes, found: absent('shared') };
    const { state, offset, bytes: extent } = segment.locate(address);
    const reach = Math.min(bytes, extent);
    if (state === 'captured') return { bytes: reach, found: { state, pages: segment, offset } };
    if (state !== 'gap') return { bytes: reach, found: absent(state) };
    return { bytes: reach, found: segment.complete ? { state: 'zero' } : absent('damaged') };
  }

  async #copy(
    pages: StoredPages,
    offset: number,
    part: Uint8Array,
    vaddr: bigint,
    options: { signal?: AbortSignal | undefined },
    ranges: MemoryRange[],
  ): Promise<void> {
    const read = (await pages.source?.readInto(offset, part, options)) ?? 0;
    if (read > 0) append(ranges, vaddr, read, { state: 'captured' });
    if (read < part.length) {
      part.fill(0, read);
      append(ranges, vaddr + BigInt(read), part.length - read, absent('damaged'));
    }
  }

  #lastVmaAtOrBefore(vaddr: bigint): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const vma = this.vmas[middle];
      if (vma !== undefined && vma.start <= vaddr) low = middle + 1;
      else high = middle;
    }
    return low - 1;
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
  const pages = await openStoredPages(set, 'pagemap', pid, options);
  if (mm === undefined && pages === undefined) return undefined;
  reportMissing(set, pid);
  return new AddressSpace(set, pid, mm, pages ?? noPages(options.pageSize), options);
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

/** What is known of a place, without where it lies. */
function plainOf(found: Found): { state: 'captured' | 'zero' } | Absent {
  return found.state === 'absent' ? found : { state: found.state };
}

/** Equal for ranges that can be told as one. */
function kindOf(what: { state: 'captured' | 'zero' } | Absent): string {
  return what.state === 'absent' ? what.reason : what.state;
}

function nearest(a: number, b: bigint): number {
  return Math.min(a, Number(b));
}

function append(
  ranges: MemoryRange[],
  vaddr: bigint,
  bytes: number,
  what: { state: 'captured' | 'zero' } | Absent,
): void {
  const last = ranges.at(-1);
  if (last !== undefined && kindOf(last) === kindOf(what)) last.bytes += bytes;
  else if (what.state === 'absent') ranges.push({ vaddr, bytes, state: 'absent', reason: what.reason });
  else ranges.push({ vaddr, bytes, state: what.state });
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
  };
  return new StoredPages({ ...pagemap, flags: new Uint8Array(0) }, undefined, pageSize);
}
