/** Who is told by a signal that a file can be read or written: F_SETOWN and F_SETSIG of fcntl(2). */
import type { core_entry_march, fown_entry } from '@stillframe/criu-image/proto';
import { signalName } from '../task/signal-names.ts';

export interface SignalOwner {
  /** What `id` is the number of; undefined where a signal was chosen and nobody to get it. */
  readonly who: 'thread' | 'process' | 'process-group' | undefined;
  /** In the pid namespace of the dump. */
  readonly id: number | undefined;
  /** `SIGIO` where the process left the choice to the kernel. */
  readonly signal: string;
  /** Who set it; the signal is sent with the rights of these. */
  readonly uid: number;
  readonly euid: number;
}

/** F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP. */
const WHO = ['thread', 'process', 'process-group'] as const;

/** Undefined where nothing was set. */
export function ownerOf(
  { pid, pidType, signum, uid, euid }: fown_entry,
  machine?: core_entry_march,
): SignalOwner | undefined {
  if (pid === 0 && signum === 0) return undefined;
  const signal = signum === 0 ? 'SIGIO' : signalName(signum, machine);
  return { who: pid === 0 ? undefined : WHO[pidType], id: pid === 0 ? undefined : pid, signal, uid, euid };
}
