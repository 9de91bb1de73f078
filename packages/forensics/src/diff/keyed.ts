/** From things to rows: what is on one side only, and what differs of a thing that is on both. */
import { isDeepStrictEqual } from 'node:util';
import type { EvidenceReference } from '../reference.ts';
import { type PairingKey, pairUp } from './pair.ts';
import type { DiffRow, DiffTable, Facts } from './row.ts';

/** A thing that is compared by its facts. */
export interface Thing {
  readonly key: string;
  readonly label: string;
  /** Told where the thing is new or gone, and compared where it is in both. What is undefined is not known, and no difference. */
  readonly facts: Facts;
  /** Told and not compared. */
  readonly more?: Facts;
  readonly reference: EvidenceReference | undefined;
  /** Its process is on one side only. */
  readonly withProcess?: boolean;
}

/** The rows of a table, in the order of the things after, those that are gone behind. */
export function* compareThings<T extends Thing>(
  table: DiffTable,
  before: readonly T[],
  after: readonly T[],
  keys: readonly PairingKey<T>[] = [({ key }) => key],
): Generator<DiffRow> {
  const { pairs, added, removed } = pairUp(before, after, keys);
  const partner = new Map(pairs.map(([old, now]) => [now, old]));
  const fresh = new Set(added);
  for (const now of after) {
    const old = partner.get(now);
    const row = old ? changedRow(table, old, now) : fresh.has(now) ? oneSided(table, now, 'added') : undefined;
    if (row) yield row;
  }
  for (const old of removed) yield oneSided(table, old, 'removed');
}

function oneSided(table: DiffTable, thing: Thing, change: 'added' | 'removed'): DiffRow {
  const { key, label, reference, withProcess } = thing;
  const facts = { ...thing.facts, ...thing.more };
  const [side, other] = change === 'added' ? (['after', 'before'] as const) : (['before', 'after'] as const);
  return {
    ...{ table, key, label, change },
    ...({ [side]: facts, [other]: undefined } as Pick<DiffRow, 'before' | 'after'>),
    references: reference ? { [side]: reference } : {},
    ...(withProcess ? { withProcess } : {}),
  };
}

/** Undefined where nothing differs. */
export function changedRow(table: DiffTable, old: Thing, now: Thing): DiffRow | undefined {
  const names = new Set([...Object.keys(old.facts), ...Object.keys(now.facts)]);
  const differing = [...names].filter((name) => !isSame(old.facts[name], now.facts[name]));
  if (differing.length === 0) return undefined;
  const only = (facts: Facts) => Object.fromEntries(differing.map((name) => [name, facts[name]]));
  return {
    ...{ table, key: now.key, label: now.label, change: 'changed' },
    ...{ before: only(old.facts), after: only(now.facts) },
    references: {
      ...(old.reference ? { before: old.reference } : {}),
      ...(now.reference ? { after: now.reference } : {}),
    },
  };
}

/** Most facts are plain values, and the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return true;
  return a === b || (typeof a === 'object' && typeof b === 'object' && isDeepStrictEqual(a, b));
}
