/** Faults of the evidence. They are results, not errors: a damaged checkpoint still gives what can be read of it. */

export type Severity = 'info' | 'warning' | 'error';

export interface Diagnostic {
  /** Stable, kebab-case: `image-truncated`. */
  id: string;
  severity: Severity;
  /** Where: an archive entry or CRIU image name. Untrusted text; make it harmless before it is shown. */
  source: string;
  /** Byte offset inside `source`, where one is known. */
  offset?: number;
  message: string;
}

/** How many diagnostics one reading keeps; hostile evidence can cause millions. */
const KEPT = 1000;

/** Collects diagnostics up to a bound and counts the rest. */
export class Diagnostics {
  readonly #kept: Diagnostic[] = [];
  #dropped = 0;

  add(diagnostic: Diagnostic): void {
    if (this.#kept.length < KEPT) this.#kept.push(diagnostic);
    else this.#dropped += 1;
  }

  /** All that were kept, oldest first. */
  get list(): readonly Diagnostic[] {
    return this.#kept;
  }

  /** How many came after the bound and were only counted. */
  get dropped(): number {
    return this.#dropped;
  }

  get empty(): boolean {
    return this.#kept.length === 0;
  }
}
