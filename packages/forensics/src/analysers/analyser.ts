/** What an analyser is: a value that derives the rows of one table from a checkpoint. */
import type { Archive, Checkpoint, Mount, OpenFiles, Process, RootfsTree } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import type { NamedPattern } from '../search/pattern.ts';

/** What analysers read from. Opened once for all of them. */
export interface AnalysisContext {
  readonly checkpoint: Checkpoint;
  readonly processes: readonly Process[];
  readonly open: OpenFiles;
  readonly mounts: readonly Mount[];
  /** What the container had changed in its root filesystem; undefined where that was not recorded. */
  readonly diff: Archive | undefined;
  /** The layers of the container's image, topmost first; undefined where it is not at hand. */
  readonly image: readonly RootfsTree[] | undefined;
  /** What is looked for in memory; empty where memory is not to be read. */
  readonly patterns: readonly NamedPattern[];
  /** Threads for that. */
  readonly workers?: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Takes faults that the checkpoint itself does not note. */
  report(faults: readonly Diagnostic[]): void;
}

/** One table. Rows are plain and of the evidence: raw, untrusted, bounded in number. */
export interface Analyser<Rows> {
  readonly title: string;
  read(context: AnalysisContext): Promise<Rows>;
}
