/** A checkpoint with what was judged of it: what exports and the report are made of. */
import type { ArchiveEntry, CheckpointMetadata } from '@stillframe/checkpoint';
import type { Diagnostic, Digest } from '@stillframe/core';
import type { Analysis } from './analyse.ts';
import type { Rule } from './rules/rule.ts';

/** All of it is plain data, and raw text of the evidence. The same archive and rules give the same of all that is made of it. */
export interface JudgedCheckpoint {
  readonly archive: {
    /** Name without folders. */
    readonly name: string;
    /** Undefined for a folder. */
    readonly digest: Digest | undefined;
    /** Bytes; undefined for a folder. */
    readonly size: number | undefined;
    readonly entries: ReadonlyMap<string, ArchiveEntry>;
  };
  readonly metadata: CheckpointMetadata;
  readonly analysis: Analysis;
  /** Those by which it was judged. */
  readonly rules: readonly Rule[];
  /** All faults: those of the archive and those of the analysis. */
  readonly diagnostics: readonly Diagnostic[];
  /** Of Stillframe. */
  readonly version: string;
}

/**
 * When the checkpoint was made: as its metadata say, else the time of its newest entry, else the beginning of 1970. Never the time
 * of now: what is made of an archive is the same at any time.
 */
export function momentOf({ archive, metadata }: Pick<JudgedCheckpoint, 'archive' | 'metadata'>): Date {
  const said = Date.parse(metadata.checkpointed ?? '');
  if (isDated(said)) return new Date(said);
  let newest = 0;
  for (const { mtime } of archive.entries.values()) if (isDated(mtime * 1000)) newest = Math.max(newest, mtime * 1000);
  return new Date(Math.trunc(newest));
}

/** Years that RFC 3339 can write. */
function isDated(milliseconds: number): boolean {
  return milliseconds >= 0 && milliseconds < Date.UTC(10_000, 0);
}
