/** Facts of processes and threads, as typed tables. */
export type { BitNames } from './bit-names.ts';
export type { CapabilitySets, SecurityLabel, ThreadCredentials } from './credentials.ts';
export type { ExitStatus } from './exit-status.ts';
export type { KernelObjects, Namespaces } from './kernel-objects.ts';
export type { Personality } from './personality.ts';
export { machineName, type Registers } from './registers.ts';
export type { ResourceLimit } from './rlimits.ts';
export type { Schedule } from './schedule.ts';
export type { AnnotatedInstruction } from './seccomp/annotate.ts';
export { readSeccompFilters, type SeccompFilter, type SeccompFilters } from './seccomp/filters.ts';
export type { Verdicts } from './seccomp/verdicts.ts';
export type { PendingSignal, SignalSender } from './siginfo.ts';
export type { SignalAction } from './signal-action.ts';
export { signalName } from './signal-names.ts';
export { type ReadTasksOptions, readRegisters, readTasks, type Task, type TaskFacts } from './task.ts';
export type { ControllingTerminal } from './terminal.ts';
export type { AlternateStack, TaskThread, ThreadFacts, ThreadSeccomp } from './thread.ts';
export type { IntervalTimer, PosixTimer, Timers } from './timers.ts';
