/** What the commands that read a checkpoint share: its options, how it is opened, and how its faults are told. */
import { type Checkpoint, type Process, readProcesses, reportMissingImages } from '@stillframe/checkpoint';
import { type Diagnostic, harmless, UndoStack } from '@stillframe/core';
import type { Command } from 'commander';
import { evidenceCode } from '../exit.ts';
import { CONTAINER_HELP } from '../image/help.ts';
import type { Io } from '../io.ts';
import { type DecryptionOptions, type IdentityOptions, withDecryptionKey, withIdentity } from '../key-options.ts';
import { openEvidence } from '../open-evidence.ts';
import { collectPids, pidsOf } from '../pids.ts';
import { type RegistryFlags, withRegistry } from '../registries/flags.ts';
import { repeated } from '../repeated.ts';
import { type PolicyOptions, withPolicy } from '../signature-policy.ts';

/** What commander gives for the options that `readingCommand` declares. */
export interface ReadingOptions extends DecryptionOptions, IdentityOptions, PolicyOptions, RegistryFlags {
  partial?: boolean;
  /** Dumps before, newest first. */
  parent?: string[];
  /** Of an image of a pod. */
  container?: string;
  /** Of `withPids`. */
  pid?: string[];
  output: string;
}

/** Where the checkpoint lies, in the words of every help text. */
export const WHERE = 'archive, FILE.age, folder, oci:LAYOUT[:TAG] or image reference';

/** A command whose first argument is a checkpoint, with `--partial` and `--parent`. `note` follows what the argument may be. */
export function readingCommand(program: Command, name: string, description: string, note = ''): Command {
  const command = program.command(name).description(description);
  return withReading(command.argument('<checkpoint>', note === '' ? WHERE : `${WHERE}; ${note}`));
}

/** What a command needs to open checkpoints, however many. */
export function withReading(command: Command): Command {
  command
    .option('--partial', 'read a truncated or damaged archive as far as it goes; exit code 4')
    .option('--container <name>', CONTAINER_HELP)
    .option(
      '--parent <path>',
      'the dump before, where the archive does not hold it; repeat for earlier ones, newest first',
      repeated,
    );
  return withRegistry(withPolicy(withIdentity(withDecryptionKey(command))));
}

/** `--pid`, repeatable. */
export function withPids(command: Command): Command {
  return command.option('-p, --pid <pid>', 'only this process; may be repeated or a list with commas', collectPids);
}

/** An open checkpoint with what most commands ask first. */
export interface Reading {
  readonly checkpoint: Checkpoint;
  /** The path of the sealed archive that it is read from. */
  readonly sealed: string | undefined;
  readonly processes: readonly Process[];
  /** Those of `processes` that `--pid` names, else all. */
  readonly chosen: readonly Process[];
  /** Notes faults that were found outside of the checkpoint. */
  report(faults: readonly Diagnostic[]): void;
}

/**
 * Opens the checkpoint, lets `read` print it, closes it, and gives the exit code: 4 where some of the evidence could not be
 * read. Faults are told on stderr where the format is not JSON (which holds them) and `read` does not show them itself.
 */
export async function reading(
  what: string,
  options: ReadingOptions,
  io: Io,
  read: (opened: Reading) => Promise<void>,
  { shown = false }: { shown?: boolean } = {},
): Promise<number> {
  await using checkpoint = await openEvidence(what, io, {
    ...options,
    parents: options.parent,
  });
  const processes = await readProcesses(checkpoint.images, { signal: io.signal });
  await reportMissingImages(checkpoint.images, processes, { signal: io.signal });
  const wanted = pidsOf(options.pid, processes);
  const chosen = processes.filter(({ pid }) => wanted?.has(pid) ?? true);
  const more: Diagnostic[] = [];
  await read({
    checkpoint,
    sealed: checkpoint.sealed,
    processes,
    chosen,
    report: (faults) => void more.push(...faults),
  });
  const diagnostics = [...more, ...checkpoint.diagnostics()];
  if (!shown && options.output !== 'json') tellFaults(diagnostics, io);
  return evidenceCode(diagnostics);
}

/** One of several checkpoints that are read together. */
export interface Opened {
  readonly what: string;
  readonly checkpoint: Checkpoint;
}

/**
 * As reading, of several checkpoints. Dumps that `--parent` names are those before each; one that is itself among them is read with
 * those named after it.
 */
export async function readingSeveral(
  whats: readonly string[],
  options: ReadingOptions,
  io: Io,
  read: (opened: readonly Opened[], report: Reading['report']) => Promise<void>,
): Promise<number> {
  await using closing = new UndoStack();
  const opened: Opened[] = [];
  for (const what of whats) {
    const parents = options.parent?.slice(options.parent.indexOf(what) + 1);
    const checkpoint = await openEvidence(what, io, { ...options, parents });
    closing.push(what, () => checkpoint[Symbol.asyncDispose]());
    opened.push({ what, checkpoint });
    const processes = await readProcesses(checkpoint.images, { signal: io.signal });
    await reportMissingImages(checkpoint.images, processes, { signal: io.signal });
  }
  const more: Diagnostic[] = [];
  await read(opened, (faults) => void more.push(...faults));
  const faults = opened.flatMap(({ what, checkpoint }) =>
    checkpoint.diagnostics().map((fault) => ({ ...fault, source: `${what}: ${fault.source}` })),
  );
  if (options.output !== 'json') tellFaults([...more, ...faults], io);
  return evidenceCode([...more, ...faults]);
}

/** Lines that are told; a forger makes as many faults as he likes. */
const TOLD = 20;

/** Faults of the evidence on stderr, errors first; where there are many, how many more. */
function tellFaults(diagnostics: readonly Diagnostic[], io: Pick<Io, 'err'>): void {
  const ordered = (['error', 'warning'] as const).flatMap((wanted) =>
    diagnostics.filter(({ severity }) => severity === wanted),
  );
  for (const fault of ordered.slice(0, TOLD)) io.err(`${faultLine(fault)}\n`);
  if (ordered.length > TOLD) io.err(`… and ${ordered.length - TOLD} more faults; --output json has them\n`);
}

/** One fault in one harmless line. */
function faultLine({ severity, id, source, message }: Diagnostic): string {
  return harmless(`${severity} ${id} in ${source}: ${message}`);
}
