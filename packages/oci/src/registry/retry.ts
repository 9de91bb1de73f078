/** Trying again: only after faults that pass, with growing random pauses. */
import { setTimeout as delay } from 'node:timers/promises';
import { StillframeError } from '@stillframe/core';

/** How often and how soon to try again. */
export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly attempts: number;
  /** Milliseconds: the longest first pause; each further one may be twice as long, up to ten seconds. */
  readonly baseDelay: number;
}

/** About six seconds of pauses at most. */
export const defaultRetry: RetryPolicy = { attempts: 5, baseDelay: 400 };

const LONGEST = 10_000;
/** A registry may ask for a longer pause than ours; not for one that looks like a hang. Milliseconds. */
const LONGEST_ASKED = 30_000;

const PASSING = new Set(['ERR_OCI_REGISTRY_BROKEN', 'ERR_OCI_REGISTRY_UNAVAILABLE', 'ERR_OCI_REGISTRY_THROTTLED']);

/** Whether the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  return StillframeError.is(error) && PASSING.has(error.code);
}

/** Waits before try number `attempt` (2 or more), as long as the failure before it asked for or as the policy says. */
export async function pause(policy: RetryPolicy, attempt: number, error: unknown, signal?: AbortSignal): Promise<void> {
  const asked = StillframeError.is(error) ? error.details['retryAfter'] : undefined;
  const own = Math.random() * Math.min(LONGEST, policy.baseDelay * 2 ** (attempt - 2));
  const wait = typeof asked === 'number' && asked > 0 ? Math.min(asked, LONGEST_ASKED) : own;
  try {
    await delay(wait, undefined, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause;
  }
}

/** Calls `work` until it succeeds, fails for good, or the policy's tries are used up; then throws its last error. */
export async function retrying<T>(policy: RetryPolicy, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= policy.attempts || !isPassing(error)) throw error;
      await pause(policy, attempt + 1, error, signal);
    }
  }
}
