/** What can be taken out, as a table and for JSON; and what was, as a table of kinds. */
import { type Extractable, type ExtractedFile, type Holder, nameOfThing } from '@stillframe/checkpoint';
import { bytesText, harmless, hexAddress } from '@stillframe/core';
import { renderTable } from '../display/table.ts';
import { holderView } from './manifest.ts';

/** Holders that a cell shows. */
const SHOWN = 3;

const LIST = [
  { title: 'WHAT', cell: (thing: Extractable) => harmless(nameOfThing(thing)) },
  { title: 'HELD BY', cell: ({ holders }: Extractable) => holdersText(holders) },
  { title: 'BYTES', cell: sizeText, align: 'right' as const },
  { title: 'NAME', cell: ({ name }: Extractable) => harmless(name ?? '-') },
];

/** A row a thing. */
export function listTable(things: readonly Extractable[]): string {
  return renderTable(LIST, things);
}

/** One thing for JSON. */
export function thingView(thing: Extractable): object {
  const { kind, id, part, name, source, holders, facts } = thing;
  const size =
    thing.form === 'tree' ? { packedBytes: thing.packed } : { bytes: thing.content?.size, without: thing.without };
  const what = nameOfThing(thing);
  return { what, kind, id, part, name, ...size, source, holders: holders.map(holderView), facts };
}

/** A tree's size is that of its tar, for to know more it would have to be unpacked. */
function sizeText(thing: Extractable): string {
  if (thing.form === 'tree') return `tar of ${bytesText(Number(thing.packed))}`;
  return thing.content ? bytesText(Number(thing.content.size)) : '-';
}

/** `7/3`: fd 3 of process 7; `7@0x7f00…`: mapped there. */
function holdersText(holders: readonly Holder[]): string {
  const texts = holders.slice(0, SHOWN).map((holder) => {
    if ('inQueueOf' in holder) return 'in flight';
    if ('fd' in holder) return `${holder.pid}/${holder.fd}`;
    return 'start' in holder ? `${holder.pid}@${hexAddress(holder.start)}` : `${holder.pid} (${holder.as})`;
  });
  if (holders.length > SHOWN) texts.push(`+${holders.length - SHOWN}`);
  return texts.length === 0 ? '-' : texts.join(' ');
}

/** Counts by kind. */
export interface KindTotals {
  kind: string;
  files: number;
  bytes: number;
  /** Queues with nothing in them, links and devices that are only told. */
  told: number;
  /** What should have been written and was not, or not whole. */
  missing: number;
}

/** Adds one file to the counts. */
export function count(totals: Map<string, KindTotals>, file: ExtractedFile): void {
  const row = totals.get(file.kind) ?? { kind: file.kind, files: 0, bytes: 0, told: 0, missing: 0 };
  totals.set(file.kind, row);
  if (file.state === 'written') {
    row.files += 1;
    row.bytes += file.bytes ?? 0;
  } else if (file.state === 'too-large' || file.state === 'unreadable') row.missing += 1;
  else row.told += 1;
  if ((file.absentBytes ?? 0) > 0 || (file.state === 'written' && file.reason !== undefined)) row.missing += 1;
}

const TOTALS = [
  { title: 'KIND', cell: ({ kind }: KindTotals) => kind },
  { title: 'FILES', cell: ({ files }: KindTotals) => String(files), align: 'right' as const },
  { title: 'BYTES', cell: ({ bytes }: KindTotals) => bytesText(bytes), align: 'right' as const },
  { title: 'NOT WHOLE', cell: ({ missing }: KindTotals) => String(missing), align: 'right' as const },
  { title: 'ONLY TOLD', cell: ({ told }: KindTotals) => String(told), align: 'right' as const },
];

/** A row a kind. */
export function totalsTable(totals: Iterable<KindTotals>): string {
  return renderTable(TOTALS, [...totals]);
}
