/** Runs all host checks at once and gathers their answers for `stillframe doctor`. */
import { messageOf, orAborted } from '@stillframe/core';
import type { CheckResult, HostCheck, HostContext } from './check.ts';
import { hostChecks } from './checks.ts';

/** One check with its answer. */
export interface HostFinding extends CheckResult {
  readonly id: string;
  readonly title: string;
  readonly required: boolean;
}

export interface HostReport {
  readonly kind: 'HostReport';
  readonly schemaVersion: 1;
  /** Whether no required check is missing or broken. */
  readonly canCheckpoint: boolean;
  readonly checks: readonly HostFinding[];
}

export interface HostReportOptions extends Omit<HostContext, 'signal'> {
  /** Gives up early: checks that have not answered are then reported as unknown. */
  readonly signal?: AbortSignal;
  /** Milliseconds a check may take; 10,000 by default. */
  readonly timeout?: number;
  /** The checks to run; all of the table by default. */
  readonly checks?: readonly HostCheck[];
}

/** Asks every check, all at once, each with its own time-out. Never rejects: what fails is reported as unknown. */
export async function runHostChecks(options: HostReportOptions): Promise<HostReport> {
  const { signal, timeout = 10_000, checks = hostChecks, ...context } = options;
  const findings = await Promise.all(
    checks.map(async ({ id, title, required, probe }): Promise<HostFinding> => {
      const limit = new AbortController();
      const timer = setTimeout(() => limit.abort(new Error(`no answer within ${timeout} ms`)), timeout);
      const own = signal ? AbortSignal.any([signal, limit.signal]) : limit.signal;
      try {
        own.throwIfAborted();
        const result = await orAborted(
          Promise.resolve().then(() => probe({ ...context, signal: own })),
          own,
        );
        return { id, title, required, ...result };
      } catch (error) {
        return { id, title, required, status: 'unknown', found: messageOf(error) };
      } finally {
        clearTimeout(timer);
      }
    }),
  );
  const fatal = findings.some(({ required, status }) => required && (status === 'missing' || status === 'broken'));
  return { kind: 'HostReport', schemaVersion: 1, canCheckpoint: !fatal, checks: findings };
}
