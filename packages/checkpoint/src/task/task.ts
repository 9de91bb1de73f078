/** The processes of a dump with all that CRIU wrote of them: a typed row a process, its threads in it. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import type { core_entry, task_core_entry } from '@stillframe/criu-image/proto';
import { type Process, type ProcessState, readProcesses } from '../process/process-tree.ts';
import { recorded } from '../recorded.ts';
import type { BitNames } from './bit-names.ts';
import { type ExitStatus, exitStatusOf } from './exit-status.ts';
import { type KernelObjects, kernelObjectsOf } from './kernel-objects.ts';
import { membarrierOf, type Personality, personalityOf, taskFlagsOf } from './personality.ts';
import { machineName, type Registers, registersOf } from './registers.ts';
import { type ResourceLimit, resourceLimits } from './rlimits.ts';
import { readSynchronised } from './seccomp/filters.ts';
import { readSeparateImages } from './separate-images.ts';
import type { PendingSignal } from './siginfo.ts';
import { type SignalAction, signalActions } from './signal-action.ts';
import { signalName } from './signal-names.ts';
import { type ControllingTerminal, readTerminals } from './terminal.ts';
import { pendingSignals, readThreadFacts, type TaskThread } from './thread.ts';
import { type Timers, timersOf } from './timers.ts';

/** What the threads of a process share. Undefined members were not recorded. */
export interface TaskFacts {
  readonly personality: Personality;
  /** `PF_…`. */
  readonly flags: BitNames;
  /** Actions that are not default; undefined where none were recorded. */
  readonly signalActions: readonly SignalAction[] | undefined;
  /** Signals that wait for whichever thread takes them. */
  readonly pending: readonly PendingSignal[];
  readonly timers: Timers | undefined;
  readonly limits: readonly ResourceLimit[] | undefined;
  readonly oomScoreAdj: number | undefined;
  /** The audit user; `unset` for 4294967295. */
  readonly loginUid: number | 'unset' | undefined;
  /** Orphans below it become its children (PR_SET_CHILD_SUBREAPER). */
  readonly childSubreaper: boolean;
  /** The signal that stopped it. */
  readonly stopSignal: string | undefined;
  readonly membarrier: BitNames | undefined;
  /** Number of its set in cgroup.img. */
  readonly cgroupSet: number | undefined;
}

/** One process. Pids are those in the PID namespace of the dump; texts are raw. */
export interface Task {
  readonly pid: number;
  /** 0 for the root of the tree. */
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly name: string | undefined;
  readonly state: ProcessState;
  /** Of a dead process. */
  readonly exit: ExitStatus | undefined;
  /** `x86-64`; undefined where the core image is missing. */
  readonly machine: string | undefined;
  readonly terminal: ControllingTerminal | undefined;
  readonly objects: KernelObjects | undefined;
  /** Whether the memory may be dumped: 0 no, 1 yes, 2 by root only (PR_SET_DUMPABLE). */
  readonly dumpable: number | undefined;
  /** `ended`: a dead process has none of these; `missing`: its core image is not there or cannot be read. */
  readonly facts:
    | ({ readonly state: 'present' } & TaskFacts)
    | { readonly state: 'absent'; readonly reason: 'ended' | 'missing' };
  /** The main thread first, in the order of the pstree image. Empty for a dead process. */
  readonly threads: readonly TaskThread[];
}

/** Options of readTasks. */
export interface ReadTasksOptions extends SignalOptions {
  /** The processes that are read, as readProcesses gives them; all by default. */
  processes?: readonly Process[] | undefined;
  /** Also reads `dumpable`, which stands in the mm image: one more image a process. */
  dumpable?: boolean | undefined;
}

const UNSET = 0xffffffff;

/** What rows need of images that all processes share. */
interface Shared {
  readonly terminals: ReadonlyMap<number, ControllingTerminal>;
  /** See readSynchronised. */
  readonly synchronised: ReadonlySet<number>;
}

/**
 * One row a process, in their order. A core image that is missing or damaged leaves its row with what the others tell, and
 * a diagnostic.
 */
export async function* readTasks(
  images: ImageSet,
  options: ReadTasksOptions = {},
): AsyncGenerator<Task, void, undefined> {
  const processes = options.processes ?? (await readProcesses(images, options));
  const shared = {
    terminals: await readTerminals(images, options),
    synchronised: await readSynchronised(images, options),
  };
  for (const process of processes) yield await readTask(images, process, shared, options);
}

/** The registers of one thread; undefined where its core image has none or is missing. */
export async function readRegisters(
  images: ImageSet,
  tid: number,
  options: SignalOptions = {},
): Promise<Registers | undefined> {
  const core = await images.single('core', tid, options);
  return core && registersOf(core);
}

async function readTask(
  images: ImageSet,
  { pid, ppid, pgid, sid, state, threads: found }: Process,
  shared: Shared,
  options: ReadTasksOptions,
): Promise<Task> {
  const core = await readCore(images, pid, options);
  const tc = core?.tc;
  const ended = core !== undefined && tc !== undefined && state === 'dead';
  const ids = ended ? undefined : ((await images.single('ids', pid, options)) ?? core?.ids);
  const mm = ended || !options.dumpable ? undefined : await images.single('mm', pid, options);
  return {
    ...{ pid, ppid, pgid, sid },
    name: tc?.comm || core?.threadCore?.comm || undefined,
    state,
    exit: ended ? exitStatusOf(tc.exitCode, core.mtype) : undefined,
    machine: core && machineName(core.mtype),
    terminal: sid === 0 ? undefined : shared.terminals.get(sid),
    objects: ids && kernelObjectsOf(ids),
    dumpable: mm && recorded(mm, 'dumpable'),
    facts: ended
      ? { state: 'absent', reason: 'ended' }
      : tc
        ? { state: 'present', ...(await taskFacts(images, pid, core, tc, options)) }
        : { state: 'absent', reason: 'missing' },
    // CRIU does not fill in the list of threads of a dead process; what stands there is no number of anything.
    threads: ended ? [] : await readThreads(images, { pid, tids: tidsOf(pid, found), core, shared }, options),
  };
}

async function taskFacts(
  images: ImageSet,
  pid: number,
  core: core_entry,
  tc: task_core_entry,
  options: SignalOptions,
): Promise<TaskFacts> {
  const separate = await readSeparateImages(images, pid, options);
  const actions = tc.sigactions.length > 0 ? tc.sigactions : separate.actions;
  const found = tc.rlimits?.rlimits ?? separate.limits;
  const timers = tc.timers ?? separate.timers;
  const loginUid = recorded(tc, 'loginuid');
  const membarrier = recorded(tc, 'membarrierRegistrationMask');
  return {
    personality: personalityOf(tc.personality),
    flags: taskFlagsOf(tc.flags),
    signalActions: actions && signalActions(actions, core.mtype),
    pending: pendingSignals(images, tc.signalsS?.signals ?? separate.pending ?? [], pid, core.mtype),
    timers: timers && timersOf(timers),
    limits: found && resourceLimits(found, core.mtype),
    oomScoreAdj: recorded(tc, 'oomScoreAdj'),
    loginUid: loginUid === UNSET ? 'unset' : loginUid,
    childSubreaper: tc.childSubreaper,
    stopSignal: tc.stopSigno === 0 ? undefined : signalName(tc.stopSigno, core.mtype),
    membarrier: membarrier === undefined ? undefined : membarrierOf(membarrier),
    cgroupSet: recorded(tc, 'cgSet') ?? (core.threadCore && recorded(core.threadCore, 'cgSet')),
  };
}

function tidsOf(pid: number, threads: Process['threads']): readonly number[] {
  return threads.length > 0 ? threads.map(({ tid }) => tid) : [pid];
}

async function readThreads(
  images: ImageSet,
  {
    pid,
    tids,
    core: main,
    shared,
  }: { pid: number; tids: readonly number[]; core: core_entry | undefined; shared: Shared },
  options: SignalOptions,
): Promise<readonly TaskThread[]> {
  const leader = main?.threadCore && recorded(main.threadCore, 'seccompFilter');
  const common = leader !== undefined && shared.synchronised.has(leader) ? leader : undefined;
  const threads: TaskThread[] = [];
  for (const tid of tids) {
    const core = tid === pid ? main : await readCore(images, tid, options);
    const facts = core && (await readThreadFacts(images, tid, core, { ...options, commonFilter: common }));
    threads.push({
      tid,
      name: core?.threadCore?.comm || core?.tc?.comm || undefined,
      facts: facts ? { state: 'present', ...facts } : { state: 'absent', reason: 'missing' },
    });
  }
  return threads;
}

/** An image that cannot be decoded has a diagnostic of its own; for CRIU none at all means "nothing of this kind". */
async function readCore(images: ImageSet, tid: number, options: SignalOptions): Promise<core_entry | undefined> {
  const core = await images.single('core', tid, options);
  if (!core && !images.source('core', tid)) {
    const message = 'the core image is missing: state, registers and rights of this thread are not known';
    images.report({ id: 'task-core-missing', severity: 'error', source: `core-${tid}.img`, message });
  }
  return core;
}
