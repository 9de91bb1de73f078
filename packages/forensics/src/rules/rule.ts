/** What a rule is: a value that says when rows are suspicious, why that matters, and when it is nothing. */
import type { Tables } from '../analysers/index.ts';
import type { Severity, Suspicion } from '../finding.ts';
import type { NamedPattern } from '../search/pattern.ts';

/** One rule. It is judged once a checkpoint, over the tables alone: no reading, no waiting, the same answer each time. */
export interface Rule {
  /** Kebab-case, stable: never reused for another fact. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** MITRE ATT&CK technique ids; empty where none fits. */
  readonly techniques: readonly string[];
  /** Why it matters, a sentence or two for who was not there. */
  readonly why: string;
  /** What would be benign and look the same. */
  readonly benign: string;
  /** Looked for in memory, once for all rules; hits are rows of `memory` with the pattern's id, which begins with the rule's. */
  readonly patterns?: readonly NamedPattern[] | undefined;
  judge(tables: Tables): Iterable<Suspicion>;
}
