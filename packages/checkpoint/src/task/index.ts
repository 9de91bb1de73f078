/** Facts of processes and threads, as typed tables. */
export type { BitNames } from './bit-names.ts';
export { CAPABILITIES } from './credentials.ts';
export * from './environment.ts';
export * from './environment-comparison.ts';
export type { Registers } from './registers.ts';
export type { AnnotatedInstruction } from './seccomp/annotate.ts';
export { readSeccompFilters, type SeccompFilter, type SeccompFilters } from './seccomp/filters.ts';
export type { Verdicts } from './seccomp/verdicts.ts';
export type { PendingSignal } from './siginfo.ts';
export { signalName, signalsOf } from './signal-names.ts';
export { readRegisters, readTasks, type Task, type TaskFacts } from './task.ts';
export type { TaskThread, ThreadFacts } from './thread.ts';
export type { Timers } from './timers.ts';
