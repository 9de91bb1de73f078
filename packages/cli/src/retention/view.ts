/** A plan of retention as people and programs read it. */
import {
  type PlannedUnit,
  type RetainedUnit,
  type RetentionPlan,
  reasonText,
  sizeOf,
  type UnmetLimit,
  unmetText,
} from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { type Column, renderTable } from '../display/table.ts';
import type { Io } from '../io.ts';

/** A unit that says whose it is. */
export interface OwnedUnit extends RetainedUnit {
  readonly owner: { readonly text: string };
}

/** `2026-11-26 12:00:00Z`. */
export function timeText(time: number | undefined): string {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

/** RFC 3339, or null. */
export function timeValue(time: number | undefined): string | null {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Every unit with what becomes of it. */
export function planTable(plan: RetentionPlan<OwnedUnit>): string {
  const columns: Column<PlannedUnit<OwnedUnit>>[] = [
    { title: 'PLAN', cell: ({ goes }) => (goes ? 'goes' : 'stays') },
    { title: 'TIME', cell: ({ unit }) => timeText(unit.time) },
    { title: 'CONTAINER', cell: ({ unit }) => harmless(unit.owner.text) },
    { title: 'SIZE', cell: ({ unit }) => bytesText(sizeOf(unit)), align: 'right' },
    { title: 'WHY', cell: (planned) => reasonText(planned) },
    { title: 'NAME', cell: ({ unit }) => harmless(unit.name) },
  ];
  return renderTable(columns, plan.units);
}

/** The same for a document. */
export function planBody(plan: RetentionPlan<OwnedUnit>): { checkpoints: object[]; unmet: readonly UnmetLimit[] } {
  const checkpoints = plan.units.map((planned) => ({
    name: planned.unit.name,
    container: planned.unit.owner.text,
    time: timeValue(planned.unit.time),
    size: sizeOf(planned.unit),
    pinned: planned.unit.pinned,
    goes: planned.goes,
    ...(planned.goes ? { cause: planned.cause } : { why: planned.why }),
    reason: reasonText(planned),
  }));
  return { checkpoints, unmet: plan.unmet };
}

/** Limits that are not met, on stderr. */
export function tellUnmet(io: Pick<Io, 'err'>, unmet: readonly UnmetLimit[]): void {
  for (const each of unmet) {
    const names = each.because.slice(0, 5).map(harmless).join(', ');
    io.err(`warning: ${unmetText(each)}: ${names}${each.because.length > 5 ? ', …' : ''}\n`);
  }
}

/** `3 checkpoints, 1.5 GiB`; what they share counts once. */
export function countText(units: readonly RetainedUnit[]): string {
  const bytes = sizeOf({ parts: new Map(units.flatMap(({ parts }) => [...parts])) });
  return `${units.length} checkpoint${units.length === 1 ? '' : 's'}, ${bytesText(bytes)}`;
}

/** Those that go. */
export function goingOf<U extends RetainedUnit>(plan: RetentionPlan<U>): U[] {
  return plan.units.flatMap((planned) => (planned.goes ? [planned.unit] : []));
}
