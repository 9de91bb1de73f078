/** Mappings of memory: new, gone, of another protection, of another size. */

import type { MappingRow } from '../analysers/mappings.ts';
import { referenceText } from '../reference.ts';
import { changedRow, compareThings, type Thing } from './keyed.ts';
import { pairUp } from './pair.ts';
import { type Comparison, unreadable } from './process-rows.ts';
import type { DiffRow } from './row.ts';

interface MappingThing extends Thing {
  readonly row: MappingRow;
}

export function* mappingRows(comparison: Comparison): Generator<DiffRow> {
  const { before, after, processes, sibling } = comparison;
  const old = Map.groupBy(before.mappings, ({ pid }) => pid);
  const now = Map.groupBy(after.mappings, ({ pid }) => pid);
  for (const { pid } of processes.started)
    yield* compareThings('mappings', [], things(now.get(pid), processes.after, true));
  for (const { pid } of processes.ended)
    yield* compareThings('mappings', things(old.get(pid), processes.before, true), []);
  const lost = unreadable('mappings', comparison, {
    before: (pid) => old.get(pid)?.length ?? 0,
    after: (pid) => now.get(pid)?.length ?? 0,
  });
  for (const [{ pid: from }, { pid: to }] of processes.pairs) {
    if (lost.has(processes.after.get(to) ?? '')) continue;
    const [was, is] = [things(old.get(from), processes.before), things(now.get(to), processes.after)];
    if (sibling) yield* compareThings('mappings', was.map(unplaced), is.map(unplaced), SIBLING);
    else yield* byAddress(was, is);
  }
}

function things(
  rows: readonly MappingRow[] | undefined,
  labels: ReadonlyMap<number, string>,
  withProcess = false,
): readonly MappingThing[] {
  return (rows ?? []).map((row) => {
    const { pid, start, end, prot, shared, offset, backing, deleted, captured, anonymousCode } = row;
    const reference = { kind: 'mapping', pid, start, end } as const;
    return {
      key: `${labels.get(pid) ?? pid}${referenceText(reference).replace(/^mapping\/\d+/, '')}`,
      label: backing,
      facts: {
        ...{ start: hex(start), end: hex(end), bytes: Number(end - start), protection: protectionOf(prot) },
        ...{ shared, offset: Number(offset), backing, deleted },
      },
      more: { captured: Number(captured), anonymousCode },
      ...{ reference, withProcess, row },
    };
  });
}

const hex = (address: bigint) => `0x${address.toString(16)}`;
export const protectionOf = (prot: number) => `${prot & 1 ? 'r' : '-'}${prot & 2 ? 'w' : '-'}${prot & 4 ? 'x' : '-'}`;

/** What of a file is mapped how: what is left when addresses are taken away. */
function siblingKey({ backing, offset, prot }: MappingRow): string {
  return `${backing}\0${offset}\0${prot}`;
}

/** Mappings of one process of two siblings that show the same part of the same file, in the order of those after. */
export function siblingMappings(
  before: readonly MappingRow[],
  after: readonly MappingRow[],
): readonly (readonly [before: MappingRow, after: MappingRow])[] {
  return pairUp(before, after, [siblingKey]).pairs.toSorted(([, a], [, b]) =>
    a.start < b.start ? -1 : Number(a.start > b.start),
  );
}

const SIBLING = [
  ({ row }: MappingThing) => siblingKey(row),
  ({ row }: MappingThing) => `${row.backing}\0${row.offset}`,
];

function unplaced(thing: MappingThing): MappingThing {
  const { start, end, ...facts } = thing.facts;
  // The size of what is in no file is as chance has it.
  const { bytes, ...rest } = facts;
  return { ...thing, facts: thing.row.backing.startsWith('/') ? facts : rest, more: { ...thing.more, start, end } };
}

/**
 * A mapping after is that of before which it overlaps: what mprotect(2) split, or what grew, is no new one. Both ascend, so
 * one pass over them does.
 */
function* byAddress(before: readonly MappingThing[], after: readonly MappingThing[]): Generator<DiffRow> {
  let at = 0;
  // Mappings of one process never overlap; where a forger made them, every one would meet every other.
  let steps = 4 * (before.length + after.length);
  const met = new Set<MappingThing>();
  for (const now of after) {
    while ((before[at]?.row.end ?? now.row.end) <= now.row.start) at += 1;
    let same: MappingThing | undefined;
    let other: MappingThing | undefined;
    for (let i = at; steps > 0; i += 1, steps -= 1) {
      const old = before[i];
      if (old === undefined || old.row.start >= now.row.end) break;
      met.add(old);
      other ??= old;
      if (old.row.backing === now.row.backing) same ??= old;
    }
    const old = same ?? other;
    const row = old && changedRow('mappings', old, now);
    if (row) yield row;
    else if (!old) yield* compareThings('mappings', [], [now]);
  }
  for (const old of before) if (!met.has(old)) yield* compareThings('mappings', [old], []);
}
