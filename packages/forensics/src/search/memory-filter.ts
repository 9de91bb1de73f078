/** Which parts of an address space are looked at: ranges of addresses from what is asked of VMAs, addresses and pages. */
import { backingOf, type FileTable } from '@stillframe/checkpoint';
import { countUpTo } from '@stillframe/core/sorted';
import { type AddressSpace, VmaStatus } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import { forensicsError } from '../errors.ts';
import { AHEAD } from './bounds.ts';
import type { AddressRange, BackingType, MemoryFilter, ScanOptions } from './match.ts';

const PROTECTIONS: Readonly<Record<string, number>> = { r: 1, w: 2, x: 4, '-': 0, p: 0 };

/** The PROT_* bits of `rw` or `r-x`. Throws ERR_SEARCH_FILTER. */
export function protectionBits(text: string): number {
  let bits = 0;
  for (const letter of text) {
    const bit = PROTECTIONS[letter];
    if (bit === undefined) throw forensicsError('ERR_SEARCH_FILTER', `${JSON.stringify(text)} is no protection`);
    bits |= bit;
  }
  return bits;
}

/** What is behind a VMA, as filters name it. */
function backingType(vma: vma_entry, backing: string): BackingType {
  const has = (bits: number) => (vma.status & bits) !== 0;
  if (has(VmaStatus.VDSO | VmaStatus.VVAR | VmaStatus.VSYSCALL)) return 'vdso';
  if (has(VmaStatus.MEMFD)) return 'memfd';
  if (has(VmaStatus.ANON_SHARED | VmaStatus.SYSVIPC)) return 'shared';
  if (has(VmaStatus.FILE_PRIVATE | VmaStatus.FILE_SHARED)) return 'file';
  return backing === 'heap' || backing === 'stack' ? backing : 'anonymous';
}

/** Whether addresses or pages are chosen, so that processes do not look at the same places of what they share. */
export function choosesPlaces({ filter, changed }: Pick<ScanOptions, 'filter' | 'changed'>): boolean {
  return filter?.addresses !== undefined || changed !== undefined;
}

/** Whether what is looked at is chosen in any way. */
export function isChosen({ filter = {}, changed }: Pick<ScanOptions, 'filter' | 'changed'>): boolean {
  return changed !== undefined || Object.values(filter).some((each) => each !== undefined);
}

/** The ranges of a process that are looked at, ascending and apart; undefined for all of it. */
export function rangesOf(
  space: AddressSpace,
  files: FileTable,
  { filter = {}, changed }: Pick<ScanOptions, 'filter' | 'changed'>,
): readonly AddressRange[] | undefined {
  const chosen = vmaTest(space, files, filter);
  const sets = [
    chosen && apart(space.vmas.filter(chosen)),
    filter.addresses && [filter.addresses],
    around(changed?.(space.pid)),
  ].filter((ranges) => ranges !== undefined);
  return sets.length === 0 ? undefined : sets.reduce(intersection);
}

/** Whether a VMA is looked at; undefined where none is chosen. */
export function vmaTest(
  space: AddressSpace,
  files: FileTable,
  { protection, types, backing }: MemoryFilter,
): ((vma: vma_entry) => boolean) | undefined {
  if ((protection ?? types ?? backing) === undefined) return undefined;
  const bits = protectionBits(protection ?? '');
  const named = backing === undefined ? undefined : nameTest(backing);
  return (vma) => {
    if ((vma.prot & bits) !== bits) return false;
    const name = backingOf(vma, files, space);
    return (types?.includes(backingType(vma, name)) ?? true) && (named?.(name) ?? true);
  };
}

/** Without a star the text stands anywhere in the name. Stars are matched without going back, whatever the name. */
function nameTest(pattern: string): (name: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name.includes(first);
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at + last.length <= name.length;
  };
}

/** Ranges that neither overlap nor touch, ascending. */
export function apart(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const joined: { start: bigint; end: bigint }[] = [];
  for (const { start, end } of ranges.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last.end) last.end = later(end, last.end);
    else if (start < end) joined.push({ start, end });
  }
  return joined;
}

/** A match that touches a page may begin before it, and what it is depends on what is around. */
function around(ranges: readonly AddressRange[] | undefined): readonly AddressRange[] | undefined {
  const reach = BigInt(AHEAD);
  return ranges && apart(ranges.map(({ start, end }) => ({ start: start - reach, end: end + reach })));
}

/** Whether some of the bytes lie in one of `ranges`, which are apart. */
export function touchTest(ranges: readonly AddressRange[]): (start: bigint, bytes: number) => boolean {
  const ascending = apart(ranges);
  return (start, bytes) => {
    const next = ascending[countUpTo(ascending, ({ end }) => end <= start)];
    return next !== undefined && next.start < start + BigInt(bytes);
  };
}

function intersection(some: readonly AddressRange[], others: readonly AddressRange[]): readonly AddressRange[] {
  const both: AddressRange[] = [];
  for (let i = 0, j = 0; i < some.length && j < others.length; ) {
    const [a, b] = [some[i], others[j]];
    if (a === undefined || b === undefined) break;
    const [start, end] = [later(a.start, b.start), earlier(a.end, b.end)];
    if (start < end) both.push({ start, end });
    if (a.end < b.end) i += 1;
    else j += 1;
  }
  return both;
}

/** The lower of two addresses. */
export function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The higher of two addresses. */
export function later(a: bigint, b: bigint): bigint {
  return earlier(a, b) === a ? b : a;
}
