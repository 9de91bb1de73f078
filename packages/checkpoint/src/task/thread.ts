/** One thread: who it is, what it waits for, and how it is bound (thread_core_entry). */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import {
  type core_entry,
  core_entry_march,
  seccomp_mode,
  type siginfo_entry,
  type thread_core_entry,
} from '@stillframe/criu-image/proto';
import { recorded } from '../recorded.ts';
import { type BitNames, bitNames } from './bit-names.ts';
import { credentialsOf, type ThreadCredentials } from './credentials.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { readSeparateCredentials, readSeparatePending } from './separate-images.ts';
import { decodeSiginfo, type PendingSignal } from './siginfo.ts';
import { signalName, signalsOf } from './signal-names.ts';

/** Where a thread handles signals that ask for it (sigaltstack(2)). */
export interface AlternateStack {
  readonly address: bigint;
  readonly bytes: bigint;
  /** `SS_DISABLE` where it has none. */
  readonly flags: BitNames;
}

/** Whether and by which filters its calls are judged. */
export interface ThreadSeccomp {
  readonly mode: 'disabled' | 'strict' | 'filter' | 'unknown';
  /** Number in seccomp.img of the filter with which the chain begins; SeccompFilters.chain has the others. */
  readonly filter: number | undefined;
  /** Which end of the chain that is: CRIU begins with the oldest one, its old versions with the newest. */
  readonly begins: 'oldest' | 'newest';
  /** CRIU noted it once for the process, since all threads have the same filters. */
  readonly ofProcess: boolean;
}

/** What a core image tells of a thread. Undefined members were not recorded. */
export interface ThreadFacts {
  readonly credentials: ThreadCredentials | undefined;
  readonly seccomp: ThreadSeccomp;
  readonly schedule: Schedule;
  /** Signals that it does not take now. */
  readonly blocked: readonly string[] | undefined;
  /** Signals that wait for this thread alone. */
  readonly pending: readonly PendingSignal[];
  readonly alternateStack: AlternateStack | undefined;
  /** What it gets when its parent ends; undefined for nothing. */
  readonly parentDeathSignal: string | undefined;
  readonly rseq: { readonly address: bigint; readonly bytes: number; readonly signature: number } | undefined;
  /** The list of robust futexes, which the kernel unlocks when the thread ends. */
  readonly robustFutexes: { readonly address: bigint; readonly bytes: number } | undefined;
  /** Number of its set in cgroup.img; undefined where it is that of the process. */
  readonly cgroupSet: number | undefined;
}

/** One thread of a process. */
export interface TaskThread {
  /** In the PID namespace of the dump. */
  readonly tid: number;
  /** Raw text. */
  readonly name: string | undefined;
  /** `ended`: of a dead process; `missing`: its core image is not there or cannot be read. */
  readonly facts:
    | ({ readonly state: 'present' } & ThreadFacts)
    | { readonly state: 'absent'; readonly reason: 'ended' | 'missing' };
}

const STACK_FLAGS: Readonly<Record<number, string>> = { 0: 'SS_ONSTACK', 1: 'SS_DISABLE', 31: 'SS_AUTODISARM' };
const MODES: Readonly<Record<number, ThreadSeccomp['mode']>> = {
  [seccomp_mode.disabled]: 'disabled',
  [seccomp_mode.strict]: 'strict',
  [seccomp_mode.filter]: 'filter',
};

/** Options of readThreadFacts. */
export interface ReadThreadOptions extends SignalOptions {
  /** The filter that all threads of the process have, where CRIU found that they share one. */
  commonFilter?: number | undefined;
}

/** Reads a thread from its core image, and from the images that old versions of CRIU wrote beside it. */
export async function readThreadFacts(
  images: ImageSet,
  tid: number,
  core: core_entry,
  options: ReadThreadOptions = {},
): Promise<ThreadFacts | undefined> {
  const { threadCore: entry, tc, mtype } = core;
  if (!entry) return undefined;
  const creds = entry.creds ?? (await readSeparateCredentials(images, tid, options));
  const queued = entry.signalsP?.signals ?? (await readSeparatePending(images, tid, options)) ?? [];
  return {
    credentials: creds && credentialsOf(creds),
    seccomp: seccompOf(entry, core, options.commonFilter),
    schedule: scheduleOf(entry),
    blocked: tc
      ? signalsOf(tc.blkSigset, mtype, tc.blkSigsetExtended)
      : Object.hasOwn(entry, 'blkSigset')
        ? signalsOf(entry.blkSigset, mtype, entry.blkSigsetExtended)
        : undefined,
    pending: pendingSignals(images, queued, tid, mtype),
    alternateStack: stackOf(entry),
    parentDeathSignal: entry.pdeathSig === 0 ? undefined : signalName(entry.pdeathSig, mtype),
    rseq: rseqOf(entry),
    robustFutexes: entry.futexRla === 0n ? undefined : { address: entry.futexRla, bytes: entry.futexRlaLen },
    cgroupSet: recorded(entry, 'cgSet'),
  };
}

/** Signals in the order in which they came; one that cannot be decoded is told. */
export function pendingSignals(
  images: ImageSet,
  queued: readonly siginfo_entry[],
  tid: number,
  machine: core_entry_march = core_entry_march.X86_64,
): readonly PendingSignal[] {
  const signals = queued.map(({ siginfo }) => decodeSiginfo(siginfo, machine));
  if (signals.includes(undefined)) {
    const message = 'a pending signal has fewer bytes than a siginfo_t';
    images.report({ id: 'siginfo-damaged', severity: 'error', source: `core-${tid}.img`, message });
  }
  return signals.filter((signal) => signal !== undefined);
}

/**
 * Older versions of CRIU wrote it for the process; later ones for each thread, and leave out what is 0. Where all threads share
 * their filters, only the main thread has them and those carry TSYNC.
 */
function seccompOf(entry: thread_core_entry, { tc }: core_entry, common: number | undefined): ThreadSeccomp {
  const own = recorded(entry, 'seccompMode');
  const begins = own === undefined && tc && recorded(tc, 'oldSeccompMode') !== undefined ? 'newest' : 'oldest';
  const mode = own ?? (tc && recorded(tc, 'oldSeccompMode'));
  const filter = recorded(entry, 'seccompFilter') ?? (tc && recorded(tc, 'oldSeccompFilter'));
  if (mode === undefined && common !== undefined) return { mode: 'filter', filter: common, begins, ofProcess: true };
  const named = MODES[mode ?? seccomp_mode.disabled] ?? 'unknown';
  return { mode: named, filter: named === 'filter' ? filter : undefined, begins, ofProcess: false };
}

function stackOf({ sas }: thread_core_entry): AlternateStack | undefined {
  return sas && { address: sas.ssSp, bytes: sas.ssSize, flags: bitNames(BigInt(sas.ssFlags >>> 0), STACK_FLAGS) };
}

function rseqOf({ rseqEntry }: thread_core_entry): ThreadFacts['rseq'] {
  if (!rseqEntry || rseqEntry.rseqAbiPointer === 0n) return undefined;
  const { rseqAbiPointer: address, rseqAbiSize: bytes, signature } = rseqEntry;
  return { address, bytes, signature };
}
