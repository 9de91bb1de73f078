/** What has a time. Times are nanoseconds since 1970 as decimal texts: no number of JSON holds them. */
import type { Place } from './findings.ts';

export interface Span {
  readonly from: string;
  /** Not part of it. */
  readonly to: string;
}

export interface EventFacts {
  readonly time: string;
  /** RFC 3339 in UTC with as many digits as are known. */
  readonly text: string;
  readonly source: string;
  /** What the time is of the thing: `modified`, `written`. */
  readonly what: string;
  readonly message: string;
  /** `derived`: counted from another time. */
  readonly precision: string;
  /** Whose clock it was: `engine`, `log`, `kernel`, `statement`. */
  readonly clock: string;
  readonly place: Place | null;
}

/** Events of one source. */
export interface Lane {
  readonly source: string;
  /** Of all times. */
  readonly total: number;
  /** In the span that was asked for, by equal parts of it. */
  readonly counts: readonly number[];
}

export interface TimelineAnswer {
  /** From the first event to behind the last; null where nothing has a time. */
  readonly whole: Span | null;
  /** What was asked for; all of it where nothing was. */
  readonly span: Span | null;
  readonly lanes: readonly Lane[];
  /** Of the wanted sources in the span, by time; the first ones. */
  readonly events: readonly EventFacts[];
  readonly total: number;
  /** When the container was created and when it was checkpointed, where that is recorded. */
  readonly created: string | null;
  readonly checkpointed: string | null;
  readonly notRecorded: readonly { readonly what: string; readonly reason: string }[];
  /** Events of files that were too many to be kept. */
  readonly leftOut: number;
}
