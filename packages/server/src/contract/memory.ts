/** The memory of a process. */

/** One mapping (VMA). Bytes are numbers: what a process maps fits into them. */
export interface MapFacts {
  readonly start: string;
  readonly end: string;
  readonly bytes: number;
  /** `rw-p`. */
  readonly protection: string;
  readonly backing: string;
  readonly deleted: boolean;
  readonly captured: number;
  readonly zero: number;
  /** Bytes that are not to be had, by reason. */
  readonly absent: readonly (readonly [string, number])[];
  /** Executable memory that is in no file. */
  readonly anonymousCode: boolean;
  /** What share of each of up to 64 equal parts was captured, from 0 to 9. */
  readonly density: string;
}

export interface MapList {
  readonly pid: number;
  readonly name: string | null;
  readonly maps: readonly MapFacts[];
  readonly total: number;
}

/** What a part of the bytes is: `captured`, `zero`, or why it is not there. */
export interface RangeFacts {
  readonly offset: number;
  readonly bytes: number;
  readonly state: string;
}

export interface BytesAnswer {
  readonly at: string;
  /** Base64. Where a range is absent the bytes mean nothing. */
  readonly base64: string;
  readonly ranges: readonly RangeFacts[];
  readonly map: MapFacts | null;
}

export interface TextFacts {
  readonly at: string;
  readonly bytes: number;
  readonly encoding: string;
  readonly text: string;
}

export interface MemoryTexts {
  readonly texts: readonly TextFacts[];
  /** Whether there were more than are listed. */
  readonly more: boolean;
}

/** One match; or how far the search came; or its end. */
export type SearchLine =
  | {
      readonly kind: 'match';
      readonly pid: number | null;
      readonly name: string | null;
      readonly at: string;
      readonly bytes: number;
      readonly protection: string;
      readonly backing: string;
      /** Text around the match, one character a byte; where it begins in it. */
      /** Rule and text of it, where rules are searched by; null otherwise. */
      readonly by: string | null;
      readonly context: string;
      readonly contextOffset: number;
    }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  /** `faults`: what of the checkpoint could not be read, so that nobody searched it. */
  | {
      readonly kind: 'end';
      readonly matches: number;
      readonly truncated: boolean;
      readonly faults: number;
      /** What else was not searched, and why. */
      readonly note: string | null;
    }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint?: string | undefined;
      /** In rules that are none, counted from 1; null where it is not about a place. */
      readonly place: { readonly line: number; readonly column: number } | null;
    };
