/**
 * Pagemap images to arrays. One process may have a million entries, so they are decoded by hand and kept as columns.
 * checkpoint-spec 7.4.
 *
 * An address is kept as its number of 4 KiB units: every page size is a multiple of that, and 2^64 / 4096 = 2^52 is
 * exact in a double, also for the vsyscall page at the very top. So no bigint is made for an entry until one is asked
 * for, and searching compares plain numbers.
 */
import { type ByteSource, messageOf } from '@stillframe/core';
import { type Report, readMagics, reportFault } from '../decode.ts';
import { type Frame, FrameReader, type FrameReaderOptions } from '../frame.ts';
import type { FramedKind } from '../kind.ts';
import { readMessage } from '../wire/read-message.ts';
import { decodePagemapEntry, type EntryFields, PageFlag } from './pagemap-entry.ts';

/** Pages that one entry may span: 4 PiB of 4 KiB pages, more than any machine has. */
const PAGES_PER_ENTRY = 2 ** 40;

/** Bytes of one entry; CRIU writes less than fifty. */
const ENTRY_LIMIT = 1 << 16;

/** The entries of one pagemap image as columns; index i of each column is one entry. Addresses ascend strictly. */
export interface Pagemap {
  /** Which pages image has the data; undefined where the head is damaged. */
  readonly pagesId: number | undefined;
  /** Whether every entry could be read. If not, a page without an entry is unknown rather than never written. */
  readonly complete: boolean;
  readonly length: number;
  /** First address, in units of UNIT bytes. In a shared memory pagemap the offset in the segment instead. */
  readonly units: Float64Array;
  /** Pages, at least one. In pages, not in units: the image does not say how big a page is. */
  readonly pages: Float64Array;
  /** Bits of PageFlag. */
  readonly flags: Uint8Array;
  /** Pages that the pages image has before those of this entry. */
  readonly storedBefore: Float64Array;
  /** Pages that the pages image should have in all. */
  readonly storedPages: number;
  /** Whether any entry leaves its pages to the dump before. */
  readonly inParent: boolean;
}

/**
 * Reads a pagemap image (`kind` is the row of pagemap or pagemap-shmem). Entries that cannot be right, such as an
 * address out of order, are reported and left out; the pages they stand for still count.
 */
export async function readPagemap(
  kind: FramedKind,
  source: ByteSource,
  report: Report,
  options: FrameReaderOptions = {},
): Promise<Pagemap> {
  const reader = new FrameReader(source, { messageLimit: ENTRY_LIMIT, ...options });
  let pagesId: number | undefined;
  let complete = false;
  // An entry takes ten bytes or more in practice; hostile ones fewer, and then the columns grow.
  const columns = new Columns(Math.ceil(source.size / 10));
  if (await readMagics(reader, kind, report)) {
    const head = await reader.next();
    if (head !== undefined) pagesId = pagesIdOf(head, report);
    complete = pagesId !== undefined;
    const fields: EntryFields = { unit: 0, pages: 0, flags: 0 };
    for (;;) {
      const frame = reader.buffered() ?? (await reader.next());
      if (frame === undefined) break;
      const wrong = attempt(() => decodePagemapEntry(frame.bytes, fields)) ?? columns.add(fields);
      if (wrong === undefined) continue;
      complete = false;
      const message = `a pagemap entry is left out: ${wrong}`;
      report({ id: 'pagemap-entry-invalid', severity: 'error', offset: frame.offset, message });
    }
  }
  reportFault(reader, report);
  return { pagesId, complete: complete && reader.fault === undefined, ...columns.done() };
}

function pagesIdOf(head: Frame, report: Report): number | undefined {
  let pagesId: number | undefined;
  const wrong = attempt(() => {
    pagesId = readMessage('pagemap_head', head.bytes).pagesId;
  });
  if (wrong !== undefined) {
    const message = `the head cannot be decoded: ${wrong}`;
    report({ id: 'image-message-undecodable', severity: 'error', offset: head.offset, message });
  }
  return pagesId;
}

/** The reason for which `decode` threw. */
function attempt(decode: () => void): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

class Columns {
  #units: Float64Array;
  #pages: Float64Array;
  #storedBefore: Float64Array;
  #flags: Uint8Array;
  #length = 0;
  #stored = 0;
  #inParent = false;
  #last = -1;

  constructor(estimate: number) {
    const capacity = Math.min(estimate, 1 << 20);
    this.#units = new Float64Array(capacity);
    this.#pages = new Float64Array(capacity);
    this.#storedBefore = new Float64Array(capacity);
    this.#flags = new Uint8Array(capacity);
  }

  /** Appends an entry, or says what is wrong with it. */
  add(fields: EntryFields): string | undefined {
    const { unit, pages, flags } = fields;
    const storedBefore = this.#stored;
    if ((flags & PageFlag.PRESENT) !== 0) this.#stored += pages;
    if (unit < 0) return 'its address is not that of a page';
    if (pages > PAGES_PER_ENTRY) return `it claims ${pages} pages`;
    if (pages === 0) return undefined;
    if (unit <= this.#last) return 'its address does not come after that of the entry before';
    if (this.#length === this.#units.length) this.#grow();
    const at = this.#length;
    this.#units[at] = unit;
    this.#pages[at] = pages;
    this.#storedBefore[at] = storedBefore;
    this.#flags[at] = flags;
    this.#length += 1;
    this.#inParent ||= (flags & PageFlag.PARENT) !== 0;
    this.#last = unit;
    return undefined;
  }

  done(): Omit<Pagemap, 'pagesId' | 'complete'> {
    const length = this.#length;
    return {
      length,
      units: this.#units.subarray(0, length),
      pages: this.#pages.subarray(0, length),
      storedBefore: this.#storedBefore.subarray(0, length),
      flags: this.#flags.subarray(0, length),
      storedPages: this.#stored,
      inParent: this.#inParent,
    };
  }

  #grow(): void {
    const capacity = Math.max(16, this.#length * 2);
    const wider = (column: Float64Array): Float64Array => {
      const next = new Float64Array(capacity);
      next.set(column);
      return next;
    };
    this.#units = wider(this.#units);
    this.#pages = wider(this.#pages);
    this.#storedBefore = wider(this.#storedBefore);
    const flags = new Uint8Array(capacity);
    flags.set(this.#flags);
    this.#flags = flags;
  }
}
