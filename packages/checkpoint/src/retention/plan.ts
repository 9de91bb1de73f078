/** Which checkpoints go by a policy, and why: pure, and the same for the same input in whatever order it comes. */
import {
  governs,
  groupOf,
  type Level,
  type RetainedUnit,
  type RetentionPolicy,
  type RetentionRule,
  sizeOf,
} from './rules.ts';

/** A limit that a rule sets. */
export type Limit = 'max-size' | 'max-age' | 'keep' | 'max-total-size';

/** Why one goes: `limit` was `allowed`, and it or its group had `found`, in the unit of the limit. */
export interface Cause {
  readonly limit: Limit;
  readonly per: Level;
  readonly group: string;
  readonly allowed: number;
  /** Of `keep`: which one it is, counted from the newest. */
  readonly found: number;
  /** Of `keep`: places that those have which cannot go. */
  readonly taken?: number;
  /** Whether it was the newest of its group: only sizes take that away. */
  readonly newest: boolean;
}

/**
 * Why one stays. `newest`: some limit would have taken it otherwise. `future`, `undated`: its time says nothing, so nothing
 * is decided by it, and it takes no place in `keep`.
 */
export type Keeping = 'pinned' | 'held' | 'future' | 'undated' | 'newest' | 'within';

export type PlannedUnit<U extends RetainedUnit> =
  | { readonly unit: U; readonly goes: true; readonly cause: Cause }
  | { readonly unit: U; readonly goes: false; readonly why: Keeping };

/** A limit that cannot be met, and who is in the way: pinned, in use, or without a time that can be believed. */
export interface UnmetLimit {
  readonly limit: Limit;
  readonly per: Level;
  readonly group: string;
  readonly allowed: number;
  readonly found: number;
  readonly because: readonly string[];
}

export interface RetentionPlan<U extends RetainedUnit> {
  /** Every unit once: the newest first, those without a time last. */
  readonly units: readonly PlannedUnit<U>[];
  readonly unmet: readonly UnmetLimit[];
}

/** Milliseconds that a time may lie ahead: clocks of two machines differ. Beyond that it is not believed. */
export const SKEW = 3_600_000;

/**
 * The plan at `now` (milliseconds). A pinned one never goes, and none that is held or whose time cannot be believed. The
 * newest of a group goes for its size alone, or for that of its group; age and count leave it.
 */
export function planRetention<U extends RetainedUnit>(
  units: readonly U[],
  policy: RetentionPolicy,
  now: number,
): RetentionPlan<U> {
  const sorted = units.toSorted(newestFirst);
  const planning = new Planning<U>(policy, now);
  for (const rule of policy.rules) {
    const governed = sorted.filter((unit) => governs(rule, policy.rules, unit));
    const groups = Map.groupBy(governed, (unit) => groupOf(unit, rule.per));
    for (const [group, members] of [...groups].sort(([a], [b]) => compare(a, b))) planning.apply(rule, group, members);
  }
  return { units: sorted.map((unit) => planning.verdict(unit)), unmet: planning.unmet };
}

/** By time, then by name; what has no time comes last. */
function newestFirst(a: RetainedUnit, b: RetainedUnit): number {
  const [before, after] = [a, b].map(({ time }) => (hasTime(time) ? time : Number.NEGATIVE_INFINITY));
  return before === after ? compare(a.name, b.name) : Number(after) > Number(before) ? 1 : -1;
}

function hasTime(time: number | undefined): time is number {
  return time !== undefined && Number.isFinite(time);
}

/** By code units, so that no locale decides what goes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

class Planning<U extends RetainedUnit> {
  readonly unmet: UnmetLimit[] = [];
  readonly #gone = new Map<U, Cause>();
  readonly #spared = new Set<U>();
  readonly #pinsCount: boolean;
  readonly #now: number;

  constructor({ pinsCount = true }: RetentionPolicy, now: number) {
    this.#pinsCount = pinsCount;
    this.#now = now;
  }

  /** `members`: all of one group, the newest first. */
  apply(rule: RetentionRule, group: string, members: readonly U[]): void {
    const place = { per: rule.per, group };
    this.#bySize(rule, place, this.#left(members));
    this.#byAge(rule, place, this.#left(members));
    this.#byCount(rule, place, this.#left(members));
    this.#byTotal(rule, place, this.#left(members));
  }

  verdict(unit: U): PlannedUnit<U> {
    const cause = this.#gone.get(unit);
    if (cause) return { unit, goes: true, cause };
    return { unit, goes: false, why: this.#obstacle(unit) ?? (this.#spared.has(unit) ? 'newest' : 'within') };
  }

  #bySize({ maxSize }: RetentionRule, place: Place, members: readonly U[]): void {
    if (maxSize === undefined) return;
    const newest = this.#newest(members);
    for (const unit of members) {
      const found = sizeOf(unit);
      if (found <= maxSize) continue;
      const limit = { ...place, limit: 'max-size' as const, allowed: maxSize, found };
      const obstacle = this.#obstacle(unit);
      // A size says as much of one that has no time.
      if (obstacle === 'pinned' || obstacle === 'held') this.unmet.push({ ...limit, because: [unit.name] });
      else this.#gone.set(unit, { ...limit, newest: unit === newest });
    }
  }

  #byAge({ maxAge }: RetentionRule, place: Place, members: readonly U[]): void {
    if (maxAge === undefined) return;
    const newest = this.#newest(members);
    for (const unit of members) {
      const found = this.#now - (unit.time ?? this.#now);
      if (found <= maxAge || this.#obstacle(unit)) continue;
      if (unit === newest) this.#spared.add(unit);
      else this.#gone.set(unit, { ...place, limit: 'max-age', allowed: maxAge, found, newest: false });
    }
  }

  #byCount({ keep }: RetentionRule, place: Place, members: readonly U[]): void {
    if (keep === undefined) return;
    const counted = members.filter((unit) => this.#counts(unit));
    const fixed = counted.filter((unit) => this.#obstacle(unit));
    const newest = this.#newest(members);
    const limit = { ...place, limit: 'keep' as const, allowed: keep };
    let free = keep - fixed.length;
    for (const [index, unit] of counted.entries()) {
      if (this.#obstacle(unit)) continue;
      free -= 1;
      if (free >= 0) continue;
      if (unit === newest) this.#spared.add(unit);
      else this.#gone.set(unit, { ...limit, found: index + 1, taken: fixed.length, newest: false });
    }
    const found = this.#left(counted).length;
    const because = fixed.map(({ name }) => name);
    if (found > keep) this.unmet.push({ ...limit, found, because });
  }

  #byTotal({ maxTotalSize: allowed }: RetentionRule, place: Place, members: readonly U[]): void {
    if (allowed === undefined) return;
    const counted = members.filter((unit) => this.#takesRoom(unit));
    const room = new SharedRoom(counted);
    const newest = this.#newest(members);
    for (const unit of counted.toReversed()) {
      if (room.total <= allowed) return;
      if (this.#obstacle(unit)) continue;
      const cause = { ...place, limit: 'max-total-size' as const, allowed, found: room.total };
      this.#gone.set(unit, { ...cause, newest: unit === newest });
      room.take(unit);
    }
    const because = this.#left(counted).map(({ name }) => name);
    const limit = 'max-total-size';
    if (room.total > allowed) this.unmet.push({ ...place, limit, allowed, found: room.total, because });
  }

  #left(members: readonly U[]): readonly U[] {
    return members.filter((unit) => !this.#gone.has(unit));
  }

  /** The one that age and count leave: of those that count, in the order of time. */
  #newest(members: readonly U[]): U | undefined {
    return members.find((unit) => this.#counts(unit) && !this.#timeless(unit));
  }

  #obstacle(unit: U): Exclude<Keeping, 'newest' | 'within'> | undefined {
    if (unit.pinned) return 'pinned';
    if (unit.held) return 'held';
    return this.#timeless(unit);
  }

  #timeless({ time }: U): 'undated' | 'future' | undefined {
    if (!hasTime(time)) return 'undated';
    return time > this.#now + SKEW ? 'future' : undefined;
  }

  /** Whether it takes a place among those that `keep` counts. */
  #counts(unit: U): boolean {
    return this.#takesRoom(unit) && (unit.pinned || !this.#timeless(unit));
  }

  #takesRoom({ pinned, held }: U): boolean {
    return (!pinned || this.#pinsCount) && held?.counts !== false;
  }
}

type Place = Pick<Cause, 'per' | 'group'>;

/** Bytes that units take together, each part once. */
class SharedRoom {
  total = 0;
  readonly #users = new Map<string, number>();

  constructor(units: readonly RetainedUnit[]) {
    for (const { parts } of units) {
      for (const [part, bytes] of parts) {
        const users = this.#users.get(part) ?? 0;
        if (users === 0) this.total += bytes;
        this.#users.set(part, users + 1);
      }
    }
  }

  take({ parts }: RetainedUnit): void {
    for (const [part, bytes] of parts) {
      const users = (this.#users.get(part) ?? 1) - 1;
      this.#users.set(part, users);
      if (users === 0) this.total -= bytes;
    }
  }
}
