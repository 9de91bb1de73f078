/** `stillframe core`: processes of a checkpoint as ELF core files, for gdb and everything else that reads them. */
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type CoreFile, type Process, planCoreOf, readFileTable, writeCore } from '@stillframe/checkpoint';
import { bytesText, type Diagnostic, harmless, StillframeError } from '@stillframe/core';
import { Option } from 'commander';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { renderTable } from '../display/table.ts';
import type { Io } from '../io.ts';
import { pidsHint } from '../pids.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface CoreOptions extends ReadingOptions {
  all?: boolean;
  out?: string;
}

const HELP = `
A core file holds all captured memory of one process and the registers of each of its threads. Memory that was not
captured, such as unchanged pages of program and library files, is marked as not there: give gdb the container's own
files, never those of this machine that only have the same names:

  stillframe core web.tar --pid 6 -o web.core
  gdb -iex 'set sysroot ROOTFS' ROOTFS/usr/bin/app web.core

ROOTFS is the container's root filesystem, unpacked from its image. The file is sparse: its length says little of the
room it takes. It holds everything the process knew, keys and passwords too.
`;

/** What may be wrong with one process alone. */
const OF_ONE: ReadonlySet<string> = new Set([
  'ERR_CORE_NO_MEMORY',
  'ERR_CORE_NO_REGISTERS',
  'ERR_CORE_MACHINE_UNSUPPORTED',
  'ERR_CORE_TOO_LARGE',
]);

/** Exit code 4 where some of the evidence could not be read. */
export const core: RegisterCommand = (program, io, done) => {
  const description = 'Write the core file of a process, as if it had dumped core at the moment of the checkpoint';
  withPids(readingCommand(program, 'core', description))
    .option('--all', 'all processes that have memory')
    .option('-o, --out <path>', 'file for one process (core.PID here), folder for several; never overwritten')
    .addOption(new Option('--output <format>', 'how the result is printed').choices(['table', 'json']).default('table'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: CoreOptions) => {
      const code = await reading(what, options, io, async (opened) => {
        const { images } = opened.checkpoint;
        const processes = chosenOf(opened, options);
        const files = await readFileTable(images, { signal: io.signal });
        const pathOf = await placeFor(options, processes.length, io.signal);
        const written: CoreView[] = [];
        const failed: Diagnostic[] = [];
        for (const process of processes) {
          const path = pathOf(process.pid);
          try {
            const planned = await planCoreOf(images, process, files, { signal: io.signal });
            await write(planned, path, io);
            written.push(await viewOf(planned, path));
          } catch (error) {
            // One process that cannot be written is no reason to go without the others.
            if (!options.all || !StillframeError.is(error) || !OF_ONE.has(error.code)) throw error;
            const source = `${error.code === 'ERR_CORE_NO_MEMORY' ? 'mm' : 'core'}-${process.pid}.img`;
            failed.push({ id: 'core-not-written', severity: 'error', source, message: error.message });
          }
        }
        opened.report(failed);
        const diagnostics = [...failed, ...opened.checkpoint.diagnostics()];
        if (options.output === 'json') io.out(renderJson('CoreFileList', 1, { cores: written, diagnostics }));
        else io.out(renderTable(COLUMNS, written));
      });
      done(code);
    });
};

/** With `--all` those that have memory; a dead process has none, and asking for it by name is an error that says so. */
function chosenOf({ processes, chosen }: Reading, options: CoreOptions): readonly Process[] {
  if ((options.pid === undefined) === !options.all) {
    throw cliError('ERR_USAGE_ARGUMENT', 'say which process: --pid, or --all', { hint: pidsHint(processes) });
  }
  return options.pid === undefined ? chosen.filter(({ state }) => state !== 'dead') : chosen;
}

/** Where the core of a pid goes. Only the pid, a number, enters the name: what the process calls itself could be a path. */
async function placeFor(options: CoreOptions, count: number, signal: AbortSignal): Promise<(pid: number) => string> {
  signal.throwIfAborted();
  const out = resolve(options.out ?? '.');
  const found = await stat(out).catch(() => undefined);
  const single = count === 1 && !options.all && options.out !== undefined && !found?.isDirectory();
  if (single) return () => out;
  if (found === undefined) await mkdir(out, { mode: 0o700 });
  return (pid) => join(out, `core.${pid}`);
}

async function write(planned: CoreFile, path: string, io: Io): Promise<void> {
  using progress = showProgress(io, `core of ${planned.pid}`);
  const total = Number(planned.memory.captured);
  await writeCore(planned, path, { signal: io.signal, onProgress: (bytes) => progress.update(bytes, total) });
}

interface CoreView {
  pid: number;
  comm: string | undefined;
  path: string;
  machine: string;
  threads: number;
  segments: number;
  /** Bytes of the file with its holes, and bytes that it takes on disk. */
  size: number;
  allocated: number;
  /** Bytes of address space. */
  captured: bigint;
  zero: bigint;
  absent: Readonly<Record<string, bigint>>;
}

async function viewOf(
  { pid, comm, machine, threads, segments, size, memory }: CoreFile,
  path: string,
): Promise<CoreView> {
  const allocated = (await stat(path)).blocks * 512;
  return { pid, comm, path, machine, threads, segments, size, allocated, ...memory };
}

const COLUMNS = [
  { title: 'PID', cell: (c: CoreView) => String(c.pid), align: 'right' as const },
  { title: 'PROCESS', cell: (c: CoreView) => harmless(c.comm ?? '-') },
  { title: 'MACHINE', cell: (c: CoreView) => c.machine },
  { title: 'THREADS', cell: (c: CoreView) => String(c.threads), align: 'right' as const },
  { title: 'CAPTURED', cell: (c: CoreView) => bytesText(Number(c.captured)), align: 'right' as const },
  { title: 'OF FILES', cell: (c: CoreView) => bytesText(Number(c.absent['file'] ?? 0n)), align: 'right' as const },
  { title: 'CORE', cell: (c: CoreView) => harmless(c.path) },
];
