/** What a host check is: one question about this machine, its answer, and what to do about it. */
import type { CriuLocation } from './criu-location.ts';

/**
 * `ok`; `missing`: not there; `broken`: there and does not work; `limited`: works, but not for everything;
 * `unknown`: could not be found out.
 */
export type CheckStatus = 'ok' | 'missing' | 'broken' | 'limited' | 'unknown';

export interface CheckResult {
  readonly status: CheckStatus;
  /** What was seen: a version, a path, a count, or the reason why nothing was seen. One line. */
  readonly found: string;
  /** What to do, a sentence or a command; absent where the status is ok or nothing can be done. */
  readonly remedy?: string;
}

/** What the checks are given; they read nothing else of the process. */
export interface HostContext {
  /** The CRIU to judge, or undefined where none was located. */
  readonly criu: CriuLocation | undefined;
  /** The environment of the programs that are run, and where PATH is looked up. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The durable folder of the node, whose filesystem must hold the checkpoints; it need not exist yet. */
  readonly stateRoot: string;
  /** Aborts when the check has used up its time or the caller gave up. */
  readonly signal: AbortSignal;
}

export interface HostCheck {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly title: string;
  /** Whether checkpointing is impossible where this check is missing or broken. */
  readonly required: boolean;
  /** May throw: the report then says unknown, with the reason. */
  probe(context: HostContext): Promise<CheckResult>;
}
