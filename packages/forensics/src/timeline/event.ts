/** One event on the clock of all: when, how sure that is, and by whose clock. Texts are of the evidence: raw and untrusted. */
import type { EvidenceReference } from '../reference.ts';

/** Where events come from. */
export const TIMELINE_SOURCES = ['machine', 'container', 'capture', 'log', 'file', 'timer'] as const;
export type TimelineSource = (typeof TIMELINE_SOURCES)[number];

/** `derived`: counted from another time, so as sure as that and what was added; the event says how. */
export type Precision = 'nanoseconds' | 'microseconds' | 'milliseconds' | 'seconds' | 'derived';

/**
 * Whose clock it was. `engine`: who captured it, at the node's time. `log`: who wrote the log (conmon, containerd's shim, Docker).
 * `kernel`: that of the node, by which files get their times, which programs may set as they like. `statement`: that of whoever made the evidence.
 */
export type Clock = 'engine' | 'log' | 'kernel' | 'statement';

export interface TimelineEvent {
  /** Nanoseconds since 1970, UTC. */
  readonly time: bigint;
  readonly source: TimelineSource;
  /** What the time is of the thing: `modified`, `written`, `rings next`. */
  readonly description: string;
  readonly message: string;
  readonly precision: Precision;
  readonly clock: Clock;
  readonly reference?: EvidenceReference | undefined;
  /** What else is known, ready for JSON. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

/** What a timeline would have, and the evidence has not. */
export interface NotRecorded {
  readonly what: string;
  readonly reason: string;
}

/** By time; of one time in the order of the sources. */
export function byTime(a: TimelineEvent, b: TimelineEvent): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  return TIMELINE_SOURCES.indexOf(a.source) - TIMELINE_SOURCES.indexOf(b.source);
}
