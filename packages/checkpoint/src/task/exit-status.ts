/** How a process ended, as wait(2) gives it (task_core_entry.exit_code). */
import type { core_entry_march } from '@stillframe/criu-image/proto';
import { signalName } from './signal-names.ts';

/** `exited` with a code, or `killed` by a signal. */
export type ExitStatus =
  | { readonly how: 'exited'; readonly code: number }
  | { readonly how: 'killed'; readonly signal: string; readonly coreDumped: boolean };

/** Reads a wait status. */
export function exitStatusOf(status: number, machine: core_entry_march): ExitStatus {
  const signal = status & 0x7f;
  if (signal === 0) return { how: 'exited', code: (status >> 8) & 0xff };
  return { how: 'killed', signal: signalName(signal, machine), coreDumped: (status & 0x80) !== 0 };
}
