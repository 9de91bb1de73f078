/** What retention is asked to do, and what it is asked about. The same for a folder, an image layout and a registry. */

/** What a rule counts together: the checkpoints of one container, pod or Kubernetes namespace, or all that there are. */
export const LEVELS = ['container', 'pod', 'namespace', 'all'] as const;
export type Level = (typeof LEVELS)[number];

/** Limits of each group of a level. What is left out is no limit. */
export interface RetentionRule {
  readonly per: Level;
  /**
   * Only those of this Kubernetes namespace, pod or container: its names, outermost first. What a longer one is about, rules with a
   * shorter one, or none, are not about.
   */
  readonly of?: readonly string[] | undefined;
  /** So many newest ones stay; at least 1. */
  readonly keep?: number | undefined;
  /** Milliseconds. */
  readonly maxAge?: number | undefined;
  /** Bytes of all of a group. */
  readonly maxTotalSize?: number | undefined;
  /** Bytes of one. */
  readonly maxSize?: number | undefined;
}

export interface RetentionPolicy {
  /** Each works on what those before it leave. */
  readonly rules: readonly RetentionRule[];
  /** Whether pinned ones take a place in `keep` and room in `maxTotalSize`, as the checkpoint-restore-operator has it. True by default. */
  readonly pinsCount?: boolean | undefined;
}

/** What stays or goes as a whole: an archive with what lies beside it, the checkpoint of a pod, an image with its tags. */
export interface RetainedUnit {
  /** What decides between two of the same time, so it differs from those of all others. */
  readonly name: string;
  /** Milliseconds since 1970; undefined where nothing tells. */
  readonly time: number | undefined;
  /** Bytes by what has them, as blobs that images share: a part counts once in a total. */
  readonly parts: ReadonlyMap<string, number>;
  /** Which group of each level it is in. */
  readonly groups: Readonly<Record<Exclude<Level, 'all'>, string>>;
  /** Kubernetes namespace, pod and container, as far as they are known; the checkpoint of a pod has two. */
  readonly address?: readonly string[] | undefined;
  readonly pinned: boolean;
  /** Why it cannot go now, as it is in use; one that does not count is not there yet, as it is being written. */
  readonly held?: { readonly why: string; readonly counts: boolean } | undefined;
}

/** Bytes of one. */
export function sizeOf({ parts }: Pick<RetainedUnit, 'parts'>): number {
  let size = 0;
  for (const bytes of parts.values()) size += bytes;
  return size;
}

/** The key of a unit's group. */
export function groupOf({ groups }: RetainedUnit, per: Level): string {
  return per === 'all' ? '' : groups[per];
}

/** Whether a policy limits anything. */
export function limitsAnything({ rules }: RetentionPolicy): boolean {
  return rules.some(({ per: _per, of: _of, ...limits }) => Object.values(limits).some((limit) => limit !== undefined));
}

/** Whether a rule is about a unit, of all rules: the most specific ones are. */
export function governs(rule: RetentionRule, rules: readonly RetentionRule[], unit: RetainedUnit): boolean {
  const specific = Math.max(...rules.filter((each) => fits(each, unit)).map(({ of = [] }) => of.length));
  return fits(rule, unit) && (rule.of ?? []).length === specific;
}

function fits({ of = [] }: RetentionRule, { address = [] }: RetainedUnit): boolean {
  return of.every((name, index) => address[index] === name);
}
