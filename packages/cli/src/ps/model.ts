/** What `stillframe ps` tells of processes: one model, which table, tree and JSON render. */
import {
  type AnnotatedInstruction,
  type Process,
  type Registers,
  readCommandLine,
  readRegisters,
  readSeccompFilters,
  readTasks,
  type SeccompFilter,
  type SeccompFilters,
  type Task,
  type Texts,
  type Verdicts,
} from '@stillframe/checkpoint';
import type { ImageSet } from '@stillframe/criu-image';

/** A filter with what it does. */
export interface FilterView extends SeccompFilter {
  program: readonly AnnotatedInstruction[];
}

/** The filters of some threads of one process. */
export interface SeccompView {
  /** Threads that run under this chain. */
  tids: readonly number[];
  /** Newest first. */
  filters: readonly FilterView[];
  /** What the chain answers to each call; undefined where that cannot be told. */
  verdicts: Verdicts | undefined;
}

/** What is read for processes that are asked for by name only: it is long. */
export interface TaskDetail {
  /** By thread; without those that have none. */
  registers: readonly (Registers & { tid: number })[];
  seccomp: readonly SeccompView[];
}

export interface TaskView extends Task {
  /** Argument vector in memory at the moment of the dump; `absent` says why it could not be read. */
  arguments: Texts;
  detail: TaskDetail | undefined;
}

export interface ReadViewsOptions {
  processes: readonly Process[];
  detail: boolean;
  signal: AbortSignal;
}

/** One view after the other, so that none but the caller's own are held. */
export async function* readViews(
  images: ImageSet,
  { processes, detail, signal }: ReadViewsOptions,
): AsyncGenerator<TaskView, void, undefined> {
  const filters = detail ? await openFilters(images, processes, signal) : undefined;
  for await (const task of readTasks(images, { processes, dumpable: detail, signal })) {
    const { arguments: found } = await readCommandLine(images, task.pid, { signal });
    const more = filters && (await readDetail(images, task, filters, signal));
    yield { ...task, arguments: found, detail: more };
  }
}

/** All processes of a dump ran on one machine; the first that tells says which. */
async function openFilters(images: ImageSet, processes: readonly Process[], signal: AbortSignal) {
  for (const { pid } of processes) {
    const core = await images.single('core', pid, { signal });
    if (core) return readSeccompFilters(images, core.mtype, { signal });
  }
  return undefined;
}

async function readDetail(
  images: ImageSet,
  task: Task,
  filters: SeccompFilters,
  signal: AbortSignal,
): Promise<TaskDetail> {
  const registers: (Registers & { tid: number })[] = [];
  const chains = new Map<number, { begins: 'oldest' | 'newest'; tids: number[] }>();
  for (const { tid, facts } of task.threads) {
    const found = await readRegisters(images, tid, { signal });
    if (found) registers.push({ tid, ...found });
    if (facts.state === 'absent' || facts.seccomp.filter === undefined) continue;
    const { filter, begins } = facts.seccomp;
    const chain = chains.get(filter) ?? { begins, tids: [] };
    chain.tids.push(tid);
    chains.set(filter, chain);
  }
  const seccomp = [...chains].map(([first, { begins, tids }]) => {
    const chain = filters.chain(first, begins);
    return { tids, filters: chain.flatMap((index) => filterView(filters, index)), verdicts: filters.verdicts(chain) };
  });
  return { registers, seccomp };
}

function filterView(filters: SeccompFilters, index: number): FilterView[] {
  const found = filters.filter(index);
  return found ? [{ ...found, program: filters.disassemble(index) }] : [];
}
