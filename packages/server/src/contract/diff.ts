/** Two checkpoints beside one another. */
import type { Place } from './findings.ts';

export type ChangeName = 'added' | 'removed' | 'changed';

export interface DiffSide {
  readonly id: string;
  readonly name: string;
  readonly container: string | null;
  /** RFC 3339 as the archive has it. */
  readonly checkpointed: string | null;
}

export interface DiffRowFacts {
  readonly key: string;
  readonly label: string;
  readonly change: ChangeName;
  /** Of a thing that came or went what is worth a line; of one that changed what differs. */
  readonly facts: readonly { readonly name: string; readonly before: string | null; readonly after: string | null }[];
  readonly before: Place | null;
  readonly after: Place | null;
}

export interface DiffTableFacts {
  readonly table: string;
  readonly counts: Readonly<Record<ChangeName, number>>;
  /** The first ones; without what came or went with its process, which is only counted. */
  readonly rows: readonly DiffRowFacts[];
  readonly total: number;
  readonly withProcess: number;
}

export interface DiffAnswer {
  readonly before: DiffSide;
  readonly after: DiffSide;
  /** Whether they were taken for two containers of one image, in place of one container at two times. */
  readonly sibling: boolean;
  /** Whether `after` was captured first. */
  readonly isReversed: boolean;
  /** Those with a difference. */
  readonly tables: readonly DiffTableFacts[];
  readonly sameFindings: number;
  readonly notCompared: readonly { readonly table: string; readonly key: string; readonly reason: string }[];
}
