/** The threads of a process with what their core images hold: the main one first, as debuggers expect. */
import { fileNameOf, type ImageSet, type SignalOptions } from '@stillframe/criu-image';
import type { core_entry } from '@stillframe/criu-image/proto';
import { checkpointError } from '../errors.ts';
import type { Process } from '../process/process-tree.ts';
import { type CoreMachine, machineOf } from './machine.ts';

export interface ThreadState {
  tid: number;
  core: core_entry;
  registers: Uint8Array;
}

/** The threads whose registers can be read and that ran on the machine of the first of them; others are reported. */
export async function* readThreadStates(
  images: ImageSet,
  process: Process,
  options: SignalOptions,
): AsyncGenerator<ThreadState & { machine: CoreMachine }, void, undefined> {
  let first: CoreMachine | undefined;
  for (const tid of new Set([process.pid, ...process.threads.map((thread) => thread.tid)])) {
    const core = await images.single('core', tid, options);
    const machine = core && (first ?? machineOf(core));
    const registers = core && machine?.registers(core);
    if (core === undefined || machine === undefined || registers === undefined) {
      const message = `thread ${tid} is left out: its registers cannot be read`;
      images.reporter('core', tid)({ id: 'thread-without-registers', severity: 'error', message });
      continue;
    }
    first = machine;
    yield { tid, core, registers, machine };
  }
}

/** The first of them. Throws ERR_CORE_NO_REGISTERS where there is none. */
export async function firstThread(images: ImageSet, process: Process, options: SignalOptions) {
  for await (const thread of readThreadStates(images, process, options)) return thread;
  const name = fileNameOf('core', process.pid);
  const why = images.source('core', process.pid) === undefined ? `${name} is missing` : `${name} cannot be read`;
  throw checkpointError('ERR_CORE_NO_REGISTERS', `the registers of process ${process.pid} are lost: ${why}`);
}
