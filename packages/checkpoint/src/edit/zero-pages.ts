/** Stored pages of only zeroes left out of a dump, where a restore gives them back all the same. */
import { type ByteSource, bytesSource, isCode, messageOf } from '@stillframe/core';
import {
  fileNameOf,
  type ImageSet,
  openStoredPages,
  PageFlag,
  type PageRun,
  type SignalOptions,
  type StoredEntry,
  type StoredPages,
  splitPagemap,
  UNIT,
} from '@stillframe/criu-image';
import type { Checkpoint } from '../checkpoint.ts';
import { ExtentList, extentSource } from '../extents.ts';
import { imageFolder } from '../image-sets.ts';
import { type AddressRange, heldSegments, zeroRanges } from './zero-reach.ts';

/** What can be left out; nothing has been written. */
export interface DroppedPages {
  /** Images that take the place of those of the set, by file name. They read the checkpoint, which must stay open. */
  readonly images: ReadonlyMap<string, ByteSource>;
  readonly pages: number;
  readonly bytes: number;
  /** Pagemaps whose pages all stay, by file name, and why; `parent` where it holds for the whole dump. */
  readonly left: readonly { image: string; why: string }[];
}

/** Bytes of a pages image that are looked at in one go. */
const WINDOW = 4 << 20;
/** In ExtentLists: the pages image. */
const PAGES = 1;
/** A segment's addresses are offsets in it. */
const ALL: readonly AddressRange[] = [{ start: 0n, end: 1n << 64n }];

/**
 * Finds the pages of only zeroes in the dump of a checkpoint whose absence a restore does not see: in private anonymous
 * memory and shared segments (zeroRanges, heldSegments). A dump that takes part in a chain keeps them all: its earlier dump
 * could show through the hole, a later one may refer to the page. So does what is damaged.
 */
export async function findZeroPages(
  { archive, images: set }: Pick<Checkpoint, 'archive' | 'images'>,
  options: SignalOptions = {},
): Promise<DroppedPages> {
  const alone = await whyNotAlone(
    set,
    archive.entries.has(`${imageFolder(archive.entries, archive.label)}parent`),
    options,
  );
  if (alone !== undefined) return { images: new Map(), pages: 0, bytes: 0, left: [{ image: 'parent', why: alone }] };
  const images = new Map<string, ByteSource>();
  const left: { image: string; why: string }[] = [];
  let [pages, bytes] = [0, 0];
  for await (const candidate of candidates(set, options)) {
    const found = await dropFrom(set, candidate, options);
    if ('why' in found) {
      left.push({ image: fileNameOf(candidate.kind, Number(candidate.id)), why: found.why });
      continue;
    }
    for (const [name, body] of found.images) images.set(name, body);
    pages += found.pages;
    bytes += found.bytes;
  }
  return { images, pages, bytes, left };
}

async function whyNotAlone(set: ImageSet, linked: boolean, options: SignalOptions): Promise<string | undefined> {
  if (set.parent || linked) return 'the dump follows an earlier one';
  return (await set.single('inventory', undefined, options))
    ? undefined
    : 'it is the part of a dump that others follow';
}

/** A pagemap, and where its holes are zeroes or why nowhere. */
interface Candidate {
  kind: 'pagemap' | 'pagemap-shmem';
  id: number | bigint;
  ranges: readonly AddressRange[];
  why: string | undefined;
}

async function* candidates(set: ImageSet, options: SignalOptions): AsyncGenerator<Candidate> {
  const users = await pagesUsers(set, options);
  const shared = (kind: Candidate['kind'], id: number) =>
    users.get(fileNameOf(kind, id)) ? 'another one has the same pages image' : undefined;
  for (const id of set.ids('pagemap')) {
    const mm = await set.single('mm', id, options);
    const why = shared('pagemap', id) ?? (mm ? undefined : 'the mm image of the process cannot be read');
    yield { kind: 'pagemap', id, ranges: mm ? zeroRanges(mm) : [], why };
  }
  const held = await heldSegments(set, options);
  for (const id of set.ids('pagemap-shmem')) {
    const why = shared('pagemap-shmem', id) ?? held.every ?? held.some.get(BigInt(id));
    yield { kind: 'pagemap-shmem', id, ranges: ALL, why };
  }
}

/** Whether the pages image of each pagemap, by its file name, is another's too. CRIU writes one for each. */
async function pagesUsers(set: ImageSet, options: SignalOptions): Promise<ReadonlyMap<string, boolean>> {
  const byPages = new Map<number, string[]>();
  for (const kind of ['pagemap', 'pagemap-shmem'] as const) {
    for (const id of set.ids(kind)) {
      for await (const record of set.records(kind, id, options)) {
        if (record.role !== 'head') break;
        const { pagesId } = record.message;
        byPages.set(pagesId, [...(byPages.get(pagesId) ?? []), fileNameOf(kind, id)]);
        break;
      }
    }
  }
  return new Map([...byPages.values()].flatMap((names) => names.map((name) => [name, names.length > 1] as const)));
}

type Dropped = Omit<DroppedPages, 'left'>;

async function dropFrom(
  set: ImageSet,
  { kind, id, ranges, why }: Candidate,
  options: SignalOptions,
): Promise<Dropped | { why: string }> {
  if (why !== undefined) return { why };
  const stored = await openStoredPages(set, kind, id, options);
  const source = set.source(kind, id);
  const { pagesId } = stored?.pagemap ?? {};
  if (!stored?.source || !source || pagesId === undefined) return { why: 'it or its pages image cannot be read' };
  const unfit = whyUnfit(stored);
  if (unfit !== undefined) return { why: unfit };
  const scan = new ZeroScan(stored.source, stored.pageSize, ranges);
  const keep = (entry: StoredEntry) => scan.kept(entry, options);
  let pagemap: Uint8Array | undefined;
  try {
    pagemap = await splitPagemap(kind, source, { pageSize: stored.pageSize, keep }, options);
  } catch (error) {
    if (isCode(error, 'ERR_CRIU_EDIT_SCATTERED') || isCode(error, 'ERR_CRIU_EDIT_DAMAGED')) {
      return { why: messageOf(error) };
    }
    throw error;
  }
  if (!pagemap) return { images: new Map(), pages: 0, bytes: 0 };
  const pagesSource = stored.source;
  const images = new Map([
    [fileNameOf(kind, Number(id)), bytesSource(pagemap)],
    [fileNameOf('pages', pagesId), extentSource(scan.list, async () => pagesSource)],
  ]);
  return { images, pages: scan.dropped, bytes: scan.dropped * stored.pageSize };
}

/** A pagemap that is whole, stands alone and has all its pages; only of such one is it certain what a hole in it is. */
function whyUnfit({ pagemap, source, pageSize, complete }: StoredPages): string | undefined {
  const { length, units, pages, flags, storedPages } = pagemap;
  if (!complete || source?.size !== storedPages * pageSize) return 'it does not fit its pages image';
  for (let index = 0; index < length; index += 1) {
    if (flags[index] === undefined || (flags[index] ?? 0) & PageFlag.PARENT)
      return 'it leaves pages to an earlier dump';
    if (((flags[index] ?? 0) & PageFlag.PRESENT) === 0) return 'it leaves pages to a lazy migration';
    const end = (units[index] ?? 0) + ((pages[index] ?? 0) * pageSize) / UNIT;
    if (end > (units[index + 1] ?? Number.POSITIVE_INFINITY)) return 'its entries overlap';
  }
  return undefined;
}

/** Goes through a pages image front to back, once, and notes what stays of it. */
class ZeroScan {
  /** What stays of the pages image. */
  readonly list = new ExtentList();
  /** Pages left out. */
  dropped = 0;
  readonly #source: ByteSource;
  readonly #pageSize: number;
  readonly #ranges: readonly AddressRange[];
  readonly #zeroes: Uint8Array;
  readonly #window: Buffer;
  /** The pages of the image that the window holds. */
  #from = 0;
  #to = 0;
  /** The first range that does not end before the entry. */
  #range = 0;

  constructor(source: ByteSource, pageSize: number, ranges: readonly AddressRange[]) {
    this.#source = source;
    this.#pageSize = pageSize;
    this.#ranges = ranges;
    this.#zeroes = new Uint8Array(pageSize);
    this.#window = Buffer.alloc(Math.min(WINDOW, Math.max(pageSize, source.size)));
  }

  /** The runs of an entry's pages that stay; undefined for all. Entries are to be given in their order. */
  async kept({ vaddr, pages, storedBefore }: StoredEntry, options: SignalOptions): Promise<PageRun[] | undefined> {
    const runs: PageRun[] = [];
    const before = this.dropped;
    for (let page = 0; page < pages; page += 1) {
      const address = vaddr + BigInt(page) * BigInt(this.#pageSize);
      if (this.#droppable(address) && (await this.#isZero(storedBefore + page, options))) {
        this.dropped += 1;
        continue;
      }
      const last = runs.at(-1);
      if (last && last.first + last.pages === page) last.pages += 1;
      else runs.push({ first: page, pages: 1 });
    }
    for (const { first, pages: count } of runs) {
      this.list.push(PAGES, (storedBefore + first) * this.#pageSize, count * this.#pageSize);
    }
    return this.dropped === before ? undefined : runs;
  }

  /** Whether a page lies wholly within one of the ranges. Addresses ascend from call to call. */
  #droppable(address: bigint): boolean {
    while ((this.#ranges[this.#range]?.end ?? ALL[0]?.end ?? 0n) <= address && this.#range < this.#ranges.length) {
      this.#range += 1;
    }
    const range = this.#ranges[this.#range];
    return range !== undefined && range.start <= address && address + BigInt(this.#pageSize) <= range.end;
  }

  async #isZero(page: number, options: SignalOptions): Promise<boolean> {
    if (page < this.#from || page >= this.#to) {
      options.signal?.throwIfAborted();
      const read = await this.#source.readInto(page * this.#pageSize, this.#window, options);
      this.#from = page;
      this.#to = page + Math.floor(read / this.#pageSize);
      if (this.#to === this.#from) return false;
    }
    const at = (page - this.#from) * this.#pageSize;
    return this.#window.compare(this.#zeroes, 0, this.#pageSize, at, at + this.#pageSize) === 0;
  }
}
