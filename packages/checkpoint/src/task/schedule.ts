/** How the kernel chooses when a thread runs (thread_core_entry.sched_*; sched(7)). */
import type { thread_core_entry } from '@stillframe/criu-image/proto';
import { recorded } from '../recorded.ts';

/** Undefined members were not recorded. */
export interface Schedule {
  /** `SCHED_OTHER`; `policy 9` for what has no name here. */
  readonly policy: string | undefined;
  /** 1 to 99; recorded for the real-time policies only. */
  readonly priority: number | undefined;
  /** -20 to 19. */
  readonly nice: number | undefined;
  /** Children do not inherit the policy (SCHED_RESET_ON_FORK). */
  readonly resetOnFork: boolean;
}

const POLICIES = ['OTHER', 'FIFO', 'RR', 'BATCH', undefined, 'IDLE', 'DEADLINE', 'EXT'];
const RESET_ON_FORK = 0x40000000;

/** Reads policy, priority and nice value. */
export function scheduleOf(entry: thread_core_entry): Schedule {
  const policy = recorded(entry, 'schedPolicy');
  return {
    policy: policy === undefined ? undefined : policyName(policy & ~RESET_ON_FORK),
    priority: recorded(entry, 'schedPrio'),
    nice: recorded(entry, 'schedNice'),
    resetOnFork: policy !== undefined && (policy & RESET_ON_FORK) !== 0,
  };
}

function policyName(number: number): string {
  const name = POLICIES[number];
  return name === undefined ? `policy ${number}` : `SCHED_${name}`;
}
