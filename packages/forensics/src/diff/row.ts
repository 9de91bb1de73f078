/** One difference between two checkpoints. Texts and values are of the evidence: raw, untrusted, perhaps secret. */
import type { EvidenceReference } from '../reference.ts';

/** What is compared, in the order in which it is told. */
export const DIFF_TABLES = [
  'container',
  'processes',
  'files',
  'sockets',
  'mappings',
  'pages',
  'mounts',
  'rootfs',
  'environment',
  'findings',
] as const;
export type DiffTable = (typeof DIFF_TABLES)[number];

export type Change = 'added' | 'removed' | 'changed';

/** What is known of a thing, ready for JSON but for bigints. */
export type Facts = Readonly<Record<string, unknown>>;

/** Of a thing that was added or removed all facts are there; of one that changed those that differ. */
export interface DiffRow {
  readonly table: DiffTable;
  /** Which thing: the same in every run over the same two checkpoints. */
  readonly key: string;
  /** The thing in a few words. */
  readonly label: string;
  readonly change: Change;
  readonly before: Facts | undefined;
  readonly after: Facts | undefined;
  /** Where it stands in either checkpoint. */
  readonly references: { readonly before?: EvidenceReference; readonly after?: EvidenceReference };
  /** Of a file, mapping or variable: its process itself was started or has ended, so that this is no difference of its own. */
  readonly withProcess?: boolean;
}

/** What could not be compared, and why. */
export interface NotCompared {
  readonly table: DiffTable;
  readonly key: string;
  readonly reason: string;
  /** Of memory. */
  readonly bytes?: number;
}
