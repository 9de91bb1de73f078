/** The pages of one process or segment over a chain of incremental dumps (PE_PARENT). checkpoint-spec 7.4, 7.5. */
import type { ImageSet } from '../image-set.ts';
import { UNIT } from './pagemap-entry.ts';
import {
  type Extent,
  type PagesToOpen,
  pageSizeOf,
  type Run,
  readPagesToOpen,
  type StoredPages,
  type StoredPagesOptions,
  storedPagesOf,
} from './stored-pages.ts';

/** Dumps that a chain may have; CRIU itself follows links for ever. */
const LONGEST = 256;

/** What is known of the bytes from an address on, and in which dump of the chain they are. */
export interface ChainExtent extends Extent {
  /** The dump that has them, or the last that was asked. */
  pages: StoredPages;
}

/** A run together with the pages that hold it. */
export interface PlacedRun extends Run {
  pages: StoredPages;
}

/**
 * The dump asked for and those before it, newest first. A page that one leaves to the dump before it is looked up there,
 * and so on; entries of the dumps need not begin and end at the same addresses.
 */
export class PageChain {
  readonly levels: readonly [StoredPages, ...StoredPages[]];
  /** Whether dumps are missing at the end: then a page left to them is `in-parent`. Otherwise it is `damaged`. */
  readonly open: boolean;

  constructor(levels: readonly [StoredPages, ...StoredPages[]], open: boolean) {
    this.levels = levels;
    this.open = open;
  }

  /** The pages of the dump asked for. */
  get own(): StoredPages {
    return this.levels[0];
  }

  /** What the bytes from `vaddr` (0 to 2^64 - 1) on are. */
  locate(vaddr: bigint): ChainExtent {
    let extent = this.own.locate(vaddr);
    if (extent.state !== 'in-parent') return { ...extent, pages: this.own };
    let reach = extent.bytes;
    for (const pages of this.levels.slice(1)) {
      extent = pages.locate(vaddr);
      reach = Math.min(reach, extent.bytes);
      // A dump never leaves a page to one that does not have it, unless that has lost entries.
      if (extent.state === 'gap') return { state: 'damaged', offset: 0, bytes: reach, pages };
      if (extent.state !== 'in-parent') return { ...extent, bytes: reach, pages };
    }
    const state = this.open ? 'in-parent' : 'damaged';
    return { state, offset: 0, bytes: reach, pages: this.levels.at(-1) ?? this.own };
  }

  /** All captured memory by ascending address, of whichever dump holds it. */
  *runs(): Generator<PlacedRun, void, undefined> {
    let run: PlacedRun | undefined;
    for (const next of this.#pieces()) {
      const follows = run?.pages === next.pages && run.vaddr + BigInt(run.bytes) === next.vaddr;
      if (run !== undefined && follows && run.offset + run.bytes === next.offset) {
        run.bytes += next.bytes;
        continue;
      }
      if (run !== undefined) yield run;
      run = next;
    }
    if (run !== undefined) yield run;
  }

  *#pieces(): Generator<PlacedRun, void, undefined> {
    const { units, pages, length } = this.own.pagemap;
    for (let index = 0; index < length; index += 1) {
      const start = units[index] ?? 0;
      // An entry that reaches into the next one, as only a forger writes it, ends there: as locate has it.
      const next = ((units[index + 1] ?? Number.POSITIVE_INFINITY) - start) * UNIT;
      const size = Math.min((pages[index] ?? 0) * this.own.pageSize, next);
      const vaddr = BigInt(start) * BigInt(UNIT);
      for (let at = 0; at < size; ) {
        const { state, offset, bytes: reach, pages: holder } = this.locate(vaddr + BigInt(at));
        const bytes = Math.min(reach, size - at);
        if (state === 'captured') yield { vaddr: vaddr + BigInt(at), offset, bytes, pages: holder };
        at += bytes;
      }
    }
  }
}

/**
 * Opens the pages of a process (`pagemap`) or segment (`pagemap-shmem`) in `set` and, where they leave pages to earlier
 * dumps, in the sets before it. Undefined where `set` has no such pagemap.
 */
export async function openPageChain(
  set: ImageSet,
  kind: 'pagemap' | 'pagemap-shmem',
  id: number | bigint,
  options: StoredPagesOptions = {},
): Promise<PageChain | undefined> {
  const found: PagesToOpen[] = [];
  let missing = false;
  for (let at: ImageSet | undefined = set; ; at = at.parent) {
    const level = at && found.length < LONGEST ? await readPagesToOpen(at, kind, id, options) : undefined;
    if (level === undefined) {
      missing = at === undefined || found.length >= LONGEST;
      break;
    }
    found.push(level);
    if (!at || !level.pagemap.inParent) break;
  }
  const pageSize = options.pageSize ?? pageSizeOf(found);
  const [own, ...earlier] = found.map((level) => storedPagesOf(level, pageSize));
  return own && new PageChain([own, ...earlier], missing);
}
