/** Limits of a process by name (task_rlimits_entry; getrlimit(2)). */
import { core_entry_march, type rlimit_entry } from '@stillframe/criu-image/proto';

/** One limit; `unlimited` is RLIM_INFINITY. */
export interface ResourceLimit {
  /** `RLIMIT_NOFILE`; `limit 16` for a number that has no name here. */
  readonly resource: string;
  readonly soft: bigint | 'unlimited';
  readonly hard: bigint | 'unlimited';
}

const USUAL = [
  ...['CPU', 'FSIZE', 'DATA', 'STACK', 'CORE', 'RSS', 'NPROC', 'NOFILE', 'MEMLOCK', 'AS', 'LOCKS'],
  ...['SIGPENDING', 'MSGQUEUE', 'NICE', 'RTPRIO', 'RTTIME'],
];
/** MIPS numbers five of them otherwise (its asm/resource.h). */
const MIPS = [...USUAL.slice(0, 5), 'NOFILE', 'AS', 'RSS', 'NPROC', 'MEMLOCK', ...USUAL.slice(10)];
const INFINITY = (1n << 64n) - 1n;

/** The index in the list is the number of the resource; more than 64 are not read. */
export function resourceLimits(
  entries: readonly rlimit_entry[],
  machine: core_entry_march = core_entry_march.X86_64,
): readonly ResourceLimit[] {
  const names = machine === core_entry_march.MIPS ? MIPS : USUAL;
  const amount = (value: bigint) => (value === INFINITY ? 'unlimited' : value);
  return entries.slice(0, 64).map(({ cur, max }, number) => ({
    resource: names[number] === undefined ? `limit ${number}` : `RLIMIT_${names[number]}`,
    soft: amount(cur),
    hard: amount(max),
  }));
}
