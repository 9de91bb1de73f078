/** Whether the archive still is what was captured, who had it, and what is made of it for others. */
import type { Check } from './overview.ts';

export interface CustodyEntry {
  /** RFC 3339. */
  readonly at: string;
  readonly who: string;
  readonly action: string;
  readonly outcome: string | null;
}

export interface ProofFacts {
  readonly checks: readonly Check[];
  /** SHA-256 of the statement. */
  readonly statement: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly askedBy: readonly string[];
  readonly node: string | null;
  /** Microseconds. */
  readonly pause: number | null;
  readonly notCaptured: readonly string[];
  readonly altered: readonly string[];
  readonly entries: readonly CustodyEntry[];
  /** Entries that are left out before those. */
  readonly left: number;
  /** Digest of the last line of the chain. */
  readonly head: string | null;
}

/** What can be saved, as the command makes it. */
export interface ExportFacts {
  /** As `export` takes it. */
  readonly name: string;
  readonly title: string;
  /** In a line: for whom. */
  readonly about: string;
  /** The command that gives the same. */
  readonly command: string;
}

export interface CustodyAnswer {
  /** Null where no evidence lies beside the archive. */
  readonly proof: ProofFacts | null;
}

export interface ExportList {
  readonly exports: readonly ExportFacts[];
}
