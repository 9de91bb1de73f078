/** What rules say: a verdict about a checkpoint, with references to the evidence that bears it out. */
import { createHash } from 'node:crypto';
import { type EvidenceReference, referenceText } from './reference.ts';

/** From the least to the most. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a rule found: texts are raw and may hold names of the evidence; a summary holds no arguments, which may be secret. */
export interface Suspicion {
  /** One sentence that says who did what, in words of this case: `process 7 (sh) has a TCP connection as its standard input`. */
  readonly summary: string;
  /** At least one; the first is the place to begin at. */
  readonly references: readonly [EvidenceReference, ...EvidenceReference[]];
  /** Where this case is worse or better than the rule says. */
  readonly severity?: Severity | undefined;
  /** What else is known. A finding has it as plain JSON, with arguments that look secret left out (told-details.ts). */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** A suspicion with whose it is. */
export interface Finding extends Suspicion {
  /** 16 digits, the same for the same rule and evidence in any run: what a case file cites. */
  readonly id: string;
  /** Id of the rule. */
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
  /** MITRE ATT&CK technique ids, such as `T1059.004`. */
  readonly techniques: readonly string[];
}

/** The id of a finding: of what it points at and not of its wording, so that a better sentence does not make another finding. */
export function findingId(rule: string, references: readonly EvidenceReference[]): string {
  const hash = createHash('sha256').update(rule);
  for (const reference of references) hash.update('\0').update(referenceText(reference));
  return hash.digest('hex').slice(0, 16);
}

/** Whether `severity` is `floor` or worse. */
export function isAtLeast(severity: Severity, floor: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(floor);
}
