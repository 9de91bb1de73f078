/** What a process does on each signal (sa_entry; sigaction(2)). */
import { core_entry_march, type sa_entry } from '@stillframe/criu-image/proto';
import { type BitNames, bitNames } from './bit-names.ts';
import { signalCount, signalName, signalsOf } from './signal-names.ts';

/** A signal that is not left to its default, or that has flags, such as SA_NOCLDWAIT of SIGCHLD. */
export interface SignalAction {
  readonly number: number;
  readonly signal: string;
  readonly action: 'handled' | 'ignored' | 'default';
  /** Address of the function; undefined where there is none. */
  readonly handler: bigint | undefined;
  /** Address of the code that ends the handler; zero for none. */
  readonly restorer: bigint;
  /** `SA_…`. */
  readonly flags: BitNames;
  /** Signals that are blocked while the handler runs. */
  readonly mask: readonly string[];
}

const SIG_DFL = 0n;
const SIG_IGN = 1n;
/** CRIU writes no action for the two that nobody can change. */
const UNCHANGEABLE = new Set(['SIGKILL', 'SIGSTOP']);

/** By bit (asm-generic/signal-defs.h; SA_RESTORER of those machines that have it). */
const FLAGS: Readonly<Record<number, string>> = {
  ...{ 0: 'SA_NOCLDSTOP', 1: 'SA_NOCLDWAIT', 2: 'SA_SIGINFO', 10: 'SA_UNSUPPORTED', 11: 'SA_EXPOSE_TAGBITS' },
  ...{ 26: 'SA_RESTORER', 27: 'SA_ONSTACK', 28: 'SA_RESTART', 30: 'SA_NODEFER', 31: 'SA_RESETHAND' },
};
const MIPS_FLAGS: Readonly<Record<number, string>> = {
  ...{ 0: 'SA_NOCLDSTOP', 3: 'SA_SIGINFO', 16: 'SA_NOCLDWAIT', 27: 'SA_ONSTACK', 28: 'SA_RESTART' },
  ...{ 30: 'SA_NODEFER', 31: 'SA_RESETHAND' },
};

/** By ascending number. Entries beyond the signals of the machine are not read. */
export function signalActions(entries: readonly sa_entry[], machine: core_entry_march): readonly SignalAction[] {
  const flagNames = machine === core_entry_march.MIPS ? MIPS_FLAGS : FLAGS;
  const numbers = Array.from({ length: signalCount(machine) }, (_, index) => index + 1);
  const written = numbers.filter((number) => !UNCHANGEABLE.has(signalName(number, machine)));
  return entries.slice(0, written.length).flatMap((entry, index) => {
    const { sigaction: handler, restorer, flags, mask, maskExtended } = entry;
    const number = written[index] ?? 0;
    if (handler === SIG_DFL && flags === 0n) return [];
    return [
      {
        number,
        signal: signalName(number, machine),
        ...actionOf(handler),
        restorer,
        flags: bitNames(flags, flagNames),
        mask: signalsOf(mask, machine, maskExtended),
      },
    ];
  });
}

function actionOf(handler: bigint): Pick<SignalAction, 'action' | 'handler'> {
  if (handler === SIG_DFL) return { action: 'default', handler: undefined };
  return handler === SIG_IGN ? { action: 'ignored', handler: undefined } : { action: 'handled', handler };
}
