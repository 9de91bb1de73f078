/** A pagemap together with its pages image: which page lies where, in both directions. checkpoint-spec 7.4. */
import type { ByteSource } from '@stillframe/core';
import { countUpTo } from '@stillframe/core/sorted';
import { framedKind, type ImageSet, type SignalOptions } from '../image-set.ts';
import { fileNameOf } from '../kinds.ts';
import { type Pagemap, readPagemap } from './pagemap.ts';
import { PageFlag, UNIT } from './pagemap-entry.ts';

/** Page sizes of the architectures CRIU runs on. */
const PAGE_SIZES = [4096, 16384, 65536] as const;

/** Pages that follow each other both in memory and in the pages image. */
export interface Run {
  /** Address of the first byte; in a shared memory segment the offset in it. */
  vaddr: bigint;
  /** Offset of the first byte in the pages image. */
  offset: number;
  bytes: number;
}

/** What is known of the bytes from an address on, up to where it changes. */
export interface Extent {
  /** `gap`: the pagemap does not speak of them. `damaged`: they should be in the pages image, but it is too short. */
  state: 'captured' | 'lazy' | 'in-parent' | 'gap' | 'damaged';
  /** Offset in the pages image; of use for `captured` only. */
  offset: number;
  /** How far it goes. Infinity for the gap behind the last entry; above 2^53 rounded, which is further than any read. */
  bytes: number;
}

export interface StoredPagesOptions extends SignalOptions {
  /** Overrides the page size that is derived from the sizes of the images. */
  pageSize?: number;
}

export class StoredPages {
  readonly pagemap: Pagemap;
  /** Bytes of a page. Derived, for no image says it. */
  readonly pageSize: number;
  /** The pages image; undefined where the set has none. */
  readonly source: ByteSource | undefined;
  /** Whether all entries are known. If not, nobody knows what a gap is. */
  readonly complete: boolean;
  readonly #unitsPerPage: number;

  constructor(pagemap: Pagemap, source: ByteSource | undefined, pageSize: number) {
    this.pagemap = pagemap;
    this.source = source;
    this.pageSize = pageSize;
    this.#unitsPerPage = pageSize / UNIT;
    // More pages than the entries speak of: the pagemap has lost some.
    this.complete = pagemap.complete && (source?.size ?? 0) <= pagemap.storedPages * pageSize;
  }

  /** Pages that the dump wrote for this pagemap. */
  get storedPages(): number {
    return this.pagemap.storedPages;
  }

  /** What the bytes from `vaddr` (0 to 2^64 - 1) on are. */
  locate(vaddr: bigint): Extent {
    const unit = Number(vaddr >> 12n);
    const inUnit = Number(vaddr & 0xfffn);
    const { units, pages, flags, storedBefore } = this.pagemap;
    const index = lastAtOrBefore(units, unit);
    const into = (unit - (units[index] ?? 0)) * UNIT + inUnit;
    const size = (pages[index] ?? 0) * this.pageSize;
    if (index < 0 || into >= size) {
      const next = units[index + 1];
      const bytes = next === undefined ? Number.POSITIVE_INFINITY : (next - unit) * UNIT - inUnit;
      return { state: 'gap', offset: 0, bytes };
    }
    const bits = flags[index] ?? 0;
    const bytes = size - into;
    if ((bits & PageFlag.PARENT) !== 0) return { state: 'in-parent', offset: 0, bytes };
    if ((bits & PageFlag.PRESENT) === 0) return { state: 'lazy', offset: 0, bytes };
    const offset = (storedBefore[index] ?? 0) * this.pageSize + into;
    const there = (this.source?.size ?? 0) - offset;
    if (there <= 0) return { state: 'damaged', offset: 0, bytes };
    return { state: 'captured', offset, bytes: Math.min(bytes, there) };
  }

  /**
   * The captured memory in ascending order, of addresses and of offsets, so that the pages image can be read front to
   * back. Neighbours that differ in their flags only are one run.
   */
  *runs(): Generator<Run, void, undefined> {
    const { length, units, pages } = this.pagemap;
    let run: Run | undefined;
    for (let index = 0; index < length; index += 1) {
      const extent = this.#capturedAt(index);
      if (extent === undefined) continue;
      const vaddr = BigInt(units[index] ?? 0) * BigInt(UNIT);
      const bytes = Math.min((pages[index] ?? 0) * this.pageSize, extent.there);
      if (run !== undefined && run.vaddr + BigInt(run.bytes) === vaddr && run.offset + run.bytes === extent.offset) {
        run.bytes += bytes;
        continue;
      }
      if (run !== undefined) yield run;
      run = { vaddr, offset: extent.offset, bytes };
    }
    if (run !== undefined) yield run;
  }

  /** The address of the byte at `offset` of the pages image; undefined where no entry speaks of that place. */
  vaddrOf(offset: number): bigint | undefined {
    const { units, pages, flags, storedBefore } = this.pagemap;
    const page = Math.floor(offset / this.pageSize);
    const index = lastAtOrBefore(storedBefore, page);
    // Whoever stores this page begins at or before it and everything behind begins after it.
    if (offset < 0 || index < 0 || ((flags[index] ?? 0) & PageFlag.PRESENT) === 0) return undefined;
    const pagesIn = page - (storedBefore[index] ?? 0);
    if (pagesIn >= (pages[index] ?? 0)) return undefined;
    const unit = BigInt(units[index] ?? 0) + BigInt(pagesIn * this.#unitsPerPage);
    return unit * BigInt(UNIT) + BigInt(offset % this.pageSize);
  }

  #capturedAt(index: number): { offset: number; there: number } | undefined {
    const bits = this.pagemap.flags[index] ?? 0;
    if ((bits & PageFlag.PRESENT) === 0 || (bits & PageFlag.PARENT) !== 0) return undefined;
    const offset = (this.pagemap.storedBefore[index] ?? 0) * this.pageSize;
    const there = (this.source?.size ?? 0) - offset;
    return there > 0 ? { offset, there } : undefined;
  }
}

/** A pagemap as it was read, before it is known how big its pages are. */
export interface PagesToOpen {
  readonly set: ImageSet;
  readonly pagemap: Pagemap;
  readonly source: ByteSource | undefined;
}

/** Reads the pagemap of a process or segment; undefined where the set has none. */
export async function readPagesToOpen(
  set: ImageSet,
  kind: 'pagemap' | 'pagemap-shmem',
  id: number | bigint,
  options: SignalOptions = {},
): Promise<PagesToOpen | undefined> {
  const image = set.source(kind, id);
  if (image === undefined) return undefined;
  const pagemap = await readPagemap(framedKind(kind), image, set.reporter(kind, id), { signal: options.signal });
  return { set, pagemap, source: pagemap.pagesId === undefined ? undefined : set.source('pages', pagemap.pagesId) };
}

/** Takes the pages for what they are once their size is known; missing or short pages images are reported. */
export function storedPagesOf({ set, pagemap, source }: PagesToOpen, pageSize: number): StoredPages {
  reportSize(set, pagemap, source, pageSize);
  return new StoredPages(pagemap, source, pageSize);
}

/**
 * Opens the memory of a process (`pagemap`, id is the pid) or of a shared memory segment (`pagemap-shmem`, id is the
 * shmid), without that of earlier dumps. Undefined where the set has no such pagemap; missing or short pages images are
 * reported.
 */
export async function openStoredPages(
  set: ImageSet,
  kind: 'pagemap' | 'pagemap-shmem',
  id: number | bigint,
  options: StoredPagesOptions = {},
): Promise<StoredPages | undefined> {
  const found = await readPagesToOpen(set, kind, id, options);
  return found && storedPagesOf(found, options.pageSize ?? pageSizeOf([found]));
}

/** The page size of a chain of dumps: one that fits the images of any exactly, or the likeliest of the first. */
export function pageSizeOf(levels: readonly PagesToOpen[]): number {
  for (const { pagemap, source } of levels) {
    const exact = exactPageSize(pagemap, source);
    if (exact !== undefined) return exact;
  }
  const [first] = levels;
  return first === undefined ? UNIT : likelyPageSize(first.pagemap);
}

/** The page size with which the pages image has just the pages that the pagemap says. */
function exactPageSize(pagemap: Pagemap, source: ByteSource | undefined): number | undefined {
  if (pagemap.storedPages === 0) return undefined;
  return PAGE_SIZES.find((size) => source?.size === pagemap.storedPages * size && isPossible(pagemap, size));
}

/** For a damaged or empty pages image: the largest page size that the addresses allow. */
function likelyPageSize(pagemap: Pagemap): number {
  return pagemap.length < 2 ? UNIT : (PAGE_SIZES.findLast((size) => isPossible(pagemap, size)) ?? UNIT);
}

/** Whether with this page size all addresses are those of pages and no entry reaches into the next. */
function isPossible(pagemap: Pagemap, pageSize: number): boolean {
  const { length, units, pages } = pagemap;
  const step = pageSize / UNIT;
  for (let index = 0; index < length; index += 1) {
    const unit = units[index] ?? 0;
    const next = units[index + 1] ?? Number.POSITIVE_INFINITY;
    if (unit % step !== 0 || unit + (pages[index] ?? 0) * step > next) return false;
  }
  return true;
}

function reportSize(set: ImageSet, pagemap: Pagemap, source: ByteSource | undefined, pageSize: number): void {
  const { pagesId, storedPages } = pagemap;
  if (pagesId === undefined || storedPages === 0) return;
  const name = fileNameOf('pages', pagesId);
  if (source === undefined) {
    const message = `${storedPages} pages should be in this image, which is missing`;
    set.report({ id: 'pages-missing', severity: 'error', source: name, message });
  } else if (source.size !== storedPages * pageSize) {
    const message = `${storedPages} pages of ${pageSize} bytes should be here, the image has ${source.size} bytes`;
    set.report({ id: 'pages-size-mismatch', severity: 'error', source: name, message });
  }
}

/** Index of the last element that is at most `value` in an ascending column; -1 where there is none. */
function lastAtOrBefore(column: Float64Array, value: number): number {
  return countUpTo(column, (each) => each <= value) - 1;
}
