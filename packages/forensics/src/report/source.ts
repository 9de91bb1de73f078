/** What a report is made of, beside the judged checkpoint: plain data of who composes. Texts are raw. */
import type { JudgedCheckpoint } from '../judged.ts';
import type { NotRecorded } from '../timeline/event.ts';

/** One check of the evidence beside the archive. */
export interface ProofCheck {
  readonly name: string;
  readonly state: 'holds' | 'fails' | 'unchecked';
  readonly text: string;
}

/** Who had the archive, a line each. */
export interface CustodyRow {
  readonly at: string;
  readonly who: string;
  readonly action: string;
  readonly outcome: string | undefined;
}

/** What the evidence says of the capture, as far as it says it. */
export interface CaptureTold {
  readonly startedAt: string | undefined;
  readonly finishedAt: string | undefined;
  /** A line each: who asked, from where, when. */
  readonly askedBy: readonly string[];
  readonly node: string | undefined;
  /** Microseconds; undefined where nobody knows. */
  readonly pause: number | undefined;
  /** At most so many, where no more than that is known. */
  readonly pauseAtMost: number | undefined;
  readonly notCaptured: readonly string[];
  readonly altered: readonly string[];
}

/** Evidence beside the archive, verified. */
export interface Proof {
  readonly checks: readonly ProofCheck[];
  /** SHA-256 of the statement. */
  readonly statement: string | undefined;
  readonly capture: CaptureTold;
  readonly custody: readonly CustodyRow[];
  /** Entries that are left out before those. */
  readonly custodyLeft: number;
  readonly custodyHead: string | undefined;
}

/** A moment of the timeline. */
export interface Moment {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly what: string;
  /** Text of a reference, where it has one. */
  readonly reference?: string | undefined;
}

/** The end of a timeline. */
export interface Moments {
  readonly moments: readonly Moment[];
  /** Moments that are left out before those. */
  readonly left: number;
  readonly notRecorded: readonly NotRecorded[];
}

/** What a run read and gave. */
export interface RunRecord {
  /** Of the statement. */
  readonly statement: string;
  /** Of the findings. */
  readonly results: string;
  /** Over all entries of the archive. */
  readonly entries: string;
  readonly image: string | undefined;
}

/** The whole of it. */
export interface ReportSource {
  readonly judged: JudgedCheckpoint;
  /** Undefined where no evidence lies beside the archive. */
  readonly proof: Proof | undefined;
  /** How the archive is named in commands that a reader would type. */
  readonly archiveWord: string;
  /** Of Node.js. */
  readonly node: string;
  /** A line each: what was left out, by which options. */
  readonly options: readonly string[];
  /** Digests by which the run can be repeated (`stillframe scan --record`). */
  readonly record?: RunRecord | undefined;
  /** As lastMoments makes it. */
  readonly timeline: Moments;
}

/** Rows that a table has, and how many there were. */
export const MOST_ROWS = 1000;
/** Processes that are told, with their arguments. */
export const MOST_PROCESSES = 500;
