/** What rules found. */

export type SeverityName = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** Where the evidence of a finding stands. */
export interface Place {
  /** As `stillframe show` takes it: `memory/7/0x7f0000001000+64`. */
  readonly text: string;
  /** Of a process, memory, mapping or fd. */
  readonly pid?: number | undefined;
  /** Of memory or a mapping. */
  readonly address?: string | undefined;
  readonly bytes?: number | undefined;
  /** Of a path that was changed. */
  readonly path?: string | undefined;
  readonly kind: string;
}

export interface FindingFacts {
  readonly id: string;
  readonly rule: string;
  readonly title: string;
  readonly severity: SeverityName;
  readonly summary: string;
  readonly techniques: readonly string[];
  readonly places: readonly Place[];
  readonly placesTotal: number;
  /** Names and values of what else is known. */
  readonly details: readonly (readonly [string, string])[];
  /** Why it matters, and what would be benign, in the words of the rule. */
  readonly why: string;
  readonly benign: string;
}

export interface FindingList {
  readonly findings: readonly FindingFacts[];
  readonly total: number;
  readonly rules: number;
  readonly counts: Readonly<Record<SeverityName, number>>;
}
