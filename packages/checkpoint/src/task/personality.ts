/** Execution domain and task flags (personality(2); PF_* of linux/sched.h). */
import { type BitNames, bitNames } from './bit-names.ts';

/** Which system a program is told it runs on, and how its memory is laid out. */
export interface Personality {
  /** `PER_LINUX`; `personality 18` for a domain without a name here. */
  readonly domain: string;
  readonly flags: BitNames;
}

const DOMAINS: Readonly<Record<number, string>> = { 0: 'PER_LINUX', 8: 'PER_LINUX32', 6: 'PER_BSD' };
const FLAGS: Readonly<Record<number, string>> = {
  ...{ 17: 'UNAME26', 18: 'ADDR_NO_RANDOMIZE', 19: 'FDPIC_FUNCPTRS', 20: 'MMAP_PAGE_ZERO', 21: 'ADDR_COMPAT_LAYOUT' },
  ...{ 22: 'READ_IMPLIES_EXEC', 23: 'ADDR_LIMIT_32BIT', 24: 'SHORT_INODE', 25: 'WHOLE_SECONDS' },
  ...{ 26: 'STICKY_TIMEOUTS', 27: 'ADDR_LIMIT_3GB' },
};

/** Those that have kept their meaning since Linux 2.6 and are about a process of user space. */
const TASK_FLAGS: Readonly<Record<number, string>> = {
  ...{ 2: 'PF_EXITING', 6: 'PF_FORKNOEXEC', 8: 'PF_SUPERPRIV', 9: 'PF_DUMPCORE', 10: 'PF_SIGNALED' },
  ...{ 11: 'PF_MEMALLOC', 22: 'PF_RANDOMIZE' },
};

/** Reads task_core_entry.personality. */
export function personalityOf(personality: number): Personality {
  const domain = personality & 0xff;
  return {
    domain: DOMAINS[domain] ?? `personality ${domain}`,
    flags: bitNames(BigInt((personality & ~0xff) >>> 0), FLAGS),
  };
}

/**
 * Reads task_core_entry.flags. PF_FORKNOEXEC: has not called execve since it was forked; PF_SUPERPRIV: has used a
 * capability.
 */
export function taskFlagsOf(flags: number): BitNames {
  return bitNames(BigInt(flags >>> 0), TASK_FLAGS);
}

/** By bit of the answer to MEMBARRIER_CMD_GET_REGISTRATIONS (linux/membarrier.h). */
const MEMBARRIER: Readonly<Record<number, string>> = {
  ...{ 0: 'GLOBAL', 1: 'GLOBAL_EXPEDITED', 2: 'REGISTER_GLOBAL_EXPEDITED', 3: 'PRIVATE_EXPEDITED' },
  ...{ 4: 'REGISTER_PRIVATE_EXPEDITED', 5: 'PRIVATE_EXPEDITED_SYNC_CORE' },
  ...{ 6: 'REGISTER_PRIVATE_EXPEDITED_SYNC_CORE', 7: 'PRIVATE_EXPEDITED_RSEQ' },
  ...{ 8: 'REGISTER_PRIVATE_EXPEDITED_RSEQ' },
};

/** Reads task_core_entry.membarrier_registration_mask. */
export function membarrierOf(mask: number): BitNames {
  return bitNames(BigInt(mask >>> 0), MEMBARRIER);
}
