/** Pending signals: siginfo_t of a 64-bit kernel, 128 bytes (sigaction(2); asm-generic/siginfo.h). */
import { viewOf } from '@stillframe/core';
import { core_entry_march } from '@stillframe/criu-image/proto';
import { signalName } from './signal-names.ts';

/** Who sent a signal: the pid as the receiver sees it, 0 for a process outside its PID namespace. */
export interface SignalSender {
  readonly pid: number;
  readonly uid: number;
}

/** One queued signal. What its code gives no meaning to is left out. */
export interface PendingSignal {
  readonly number: number;
  readonly signal: string;
  /** si_code by name where it is known: `SI_USER`, `SI_TKILL`, `CLD_EXITED`; `code 7` otherwise. */
  readonly code: string;
  readonly errno: number;
  readonly sender?: SignalSender;
  /** What sigqueue, a timer or a message queue passes along. */
  readonly value?: bigint;
  readonly timer?: { readonly id: number; readonly overrun: number };
  /** SIGCHLD: exit status or signal of the child. */
  readonly status?: number;
  /** Where a fault was. */
  readonly address?: bigint;
  /** SIGIO: the descriptor and the events. */
  readonly io?: { readonly fd: number; readonly events: bigint };
  /** SIGSYS: what seccomp refused. */
  readonly call?: { readonly address: bigint; readonly number: number; readonly arch: number };
}

const BYTES = 128;
/** Where the part begins that depends on the code. */
const UNION = 16;

const SENT: Readonly<Record<number, string>> = {
  ...{ 0: 'SI_USER', [-1]: 'SI_QUEUE', [-2]: 'SI_TIMER', [-3]: 'SI_MESGQ', [-4]: 'SI_ASYNCIO', [-5]: 'SI_SIGIO' },
  ...{ [-6]: 'SI_TKILL', [-7]: 'SI_DETHREAD', [-60]: 'SI_ASYNCNL', 128: 'SI_KERNEL' },
};
const codes = (prefix: string, ...names: readonly string[]) => names.map((name) => `${prefix}_${name}`);
/** Positive codes by signal, from 1 on. */
const RAISED: Readonly<Record<string, readonly string[]>> = {
  SIGCHLD: codes('CLD', 'EXITED', 'KILLED', 'DUMPED', 'TRAPPED', 'STOPPED', 'CONTINUED'),
  SIGILL: codes('ILL', 'ILLOPC', 'ILLOPN', 'ILLADR', 'ILLTRP', 'PRVOPC', 'PRVREG', 'COPROC', 'BADSTK'),
  SIGFPE: codes('FPE', 'INTDIV', 'INTOVF', 'FLTDIV', 'FLTOVF', 'FLTUND', 'FLTRES', 'FLTINV', 'FLTSUB'),
  SIGSEGV: codes('SEGV', 'MAPERR', 'ACCERR', 'BNDERR', 'PKUERR'),
  SIGBUS: codes('BUS', 'ADRALN', 'ADRERR', 'OBJERR', 'MCEERR_AR', 'MCEERR_AO'),
  SIGTRAP: codes('TRAP', 'BRKPT', 'TRACE', 'BRANCH', 'HWBKPT', 'UNK', 'PERF'),
  SIGIO: codes('POLL', 'IN', 'OUT', 'MSG', 'ERR', 'PRI', 'HUP'),
  SIGSYS: codes('SYS', 'SECCOMP', 'USER_DISPATCH'),
};
const FAULTS = new Set(['SIGILL', 'SIGFPE', 'SIGSEGV', 'SIGBUS', 'SIGTRAP']);

/** Undefined for bytes that are no siginfo_t. */
export function decodeSiginfo(bytes: Uint8Array, machine: core_entry_march): PendingSignal | undefined {
  if (bytes.length < BYTES) return undefined;
  const little = machine !== core_entry_march.S390;
  const view = viewOf(bytes);
  const int = (at: number) => view.getInt32(at, little);
  // MIPS has the two the other way round.
  const [errnoAt, codeAt] = machine === core_entry_march.MIPS ? [8, 4] : [4, 8];
  const number = int(0);
  const code = int(codeAt);
  const signal = signalName(number, machine);
  return {
    number,
    signal,
    code: SENT[code] ?? (code > 0 ? RAISED[signal]?.[code - 1] : undefined) ?? `code ${code}`,
    errno: int(errnoAt),
    ...detailOf(view, little, signal, code),
  };
}

type Detail = Omit<PendingSignal, 'number' | 'signal' | 'code' | 'errno'>;

function detailOf(view: DataView, little: boolean, signal: string, code: number): Detail {
  const int = (at: number) => view.getInt32(UNION + at, little);
  const long = (at: number) => view.getBigUint64(UNION + at, little);
  const sender = { pid: int(0), uid: view.getUint32(UNION + 4, little) };
  if (code === 0 || code === -6) return { sender };
  if (code === -1 || code === -3 || code === -4) return { sender, value: long(8) };
  if (code === -2) return { timer: { id: int(0), overrun: int(4) }, value: long(8) };
  if (code === -5 || (signal === 'SIGIO' && code > 0 && code < 128)) return { io: { events: long(0), fd: int(8) } };
  if (code <= 0 || code >= 128) return {};
  if (signal === 'SIGCHLD') return { sender, status: int(8) };
  if (FAULTS.has(signal)) return { address: long(0) };
  if (signal === 'SIGSYS')
    return { call: { address: long(0), number: int(8), arch: view.getUint32(UNION + 12, little) } };
  return {};
}
