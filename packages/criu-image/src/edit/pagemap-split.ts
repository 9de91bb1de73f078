/** Writing a pagemap anew without some of its pages: entries are split around them, all else keeps its bytes. spec 7.4. */

import { fromBinary, isFieldSet, toBinary } from '@bufbuild/protobuf';
import { type ByteSource, limits, messageOf } from '@stillframe/core';
import { type Report, readMagics, reportFault } from '../decode.ts';
import { criuError } from '../errors.ts';
import { type Frame, FrameReader } from '../frame.ts';
import { framedKind, type SignalOptions } from '../image-set.ts';
import { decodePagemapEntry, type EntryFields, PageFlag, UNIT } from '../memory/pagemap-entry.ts';
import { pagemap_entrySchema } from '../proto.ts';
import { damaged } from './rewrite.ts';

/** Pages of an entry that follow each other. */
export interface PageRun {
  /** Counted from the entry's first page. */
  first: number;
  /** At least one. */
  pages: number;
}

/** An entry whose pages are in the pages image. */
export interface StoredEntry {
  vaddr: bigint;
  pages: number;
  /** Pages that the pages image has before these. */
  storedBefore: number;
}

/**
 * Entries that a pagemap written anew may have: more would be slow to restore, and a scattered one of 4 TiB comes near what
 * readers take at all.
 */
const MOST_ENTRIES = 1_000_000;

/**
 * The pagemap image (of `kind`) in which each entry that has stored pages keeps the runs of them that `keep` answers, in
 * ascending order; undefined stands for all. Undefined where all of them kept all. Address and number of pages stay in the
 * fields that the entry had them in, flags and unknown fields as they were. Throws ERR_CRIU_EDIT_DAMAGED for an image that
 * cannot be read whole or is larger than `limits.criuImage`, ERR_CRIU_EDIT_SCATTERED for more than a million entries.
 */
export async function splitPagemap(
  kind: 'pagemap' | 'pagemap-shmem',
  source: ByteSource,
  { pageSize, keep }: { pageSize: number; keep(entry: StoredEntry): Promise<readonly PageRun[] | undefined> },
  options: SignalOptions = {},
): Promise<Uint8Array | undefined> {
  if (source.size > limits.criuImage) throw damaged(kind, `its ${source.size} bytes are over the limit`);
  const reader = new FrameReader(source, options);
  const report: Report = ({ message }) => {
    throw damaged(kind, message);
  };
  await readMagics(reader, framedKind(kind), report);
  const magics = new Uint8Array(reader.position);
  await source.readInto(0, magics, options);
  const head = await reader.next();
  const out: Uint8Array[] = [magics, ...(head ? [framed(head.bytes)] : [])];
  const fields: EntryFields = { unit: 0, pages: 0, flags: 0 };
  let storedBefore = 0;
  let changed = false;
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
    decode(kind, frame, fields);
    const { unit, pages, flags } = fields;
    const stored = (flags & PageFlag.PRESENT) !== 0;
    const kept = stored ? await keep({ vaddr: BigInt(unit) * BigInt(UNIT), pages, storedBefore }) : undefined;
    if (stored) storedBefore += pages;
    if (out.length + (kept?.length ?? 1) > MOST_ENTRIES) {
      throw criuError('ERR_CRIU_EDIT_SCATTERED', `a ${kind} image would have more than ${MOST_ENTRIES} entries`);
    }
    if (kept === undefined) out.push(framed(frame.bytes));
    else for (const entry of entriesOf(frame.bytes, kept, pageSize)) out.push(framed(entry));
    changed ||= kept !== undefined;
  }
  reportFault(reader, report);
  return changed ? new Uint8Array(Buffer.concat(out)) : undefined;
}

function decode(kind: string, { bytes }: Frame, fields: EntryFields): void {
  try {
    decodePagemapEntry(bytes, fields);
  } catch (cause) {
    throw damaged(kind, messageOf(cause), cause);
  }
}

/** An entry a run. CRIU 4.2 counts pages in nr_pages and leaves the old field 0, earlier ones have only that. */
function* entriesOf(bytes: Uint8Array, runs: readonly PageRun[], pageSize: number): Generator<Uint8Array> {
  const entry = fromBinary(pagemap_entrySchema, bytes);
  const { vaddr, compatNrPages } = entry;
  const counted = isFieldSet(entry, pagemap_entrySchema.field.nrPages);
  for (const { first, pages } of runs) {
    entry.vaddr = vaddr + BigInt(first) * BigInt(pageSize);
    if (counted) entry.nrPages = BigInt(pages);
    if (!counted || compatNrPages !== 0) entry.compatNrPages = pages;
    yield toBinary(pagemap_entrySchema, entry);
  }
}

/** A message with its length before it. */
function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + message.length);
  new DataView(frame.buffer).setUint32(0, message.length, true);
  frame.set(message, 4);
  return frame;
}
