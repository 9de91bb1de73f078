/** The command tree, with those commands that are asked for, and running it: what it throws becomes a message and a code. */
import { Command, CommanderError, Help, type Option } from 'commander';
import { commands } from './commands/index.ts';
import { exitCodeOf, printError } from './exit.ts';
import type { Io } from './io.ts';
import { productVersion } from './product.ts';

export type { Io } from './io.ts';

/** As usual, but nothing is said of an option that may be repeated and is not given. */
function describeOption(this: Help, option: Option): string {
  const none = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const shown: Option = none ? Object.create(option, { defaultValue: { value: undefined } }) : option;
  return Help.prototype.optionDescription.call(this, shown);
}

/**
 * The program with every command whose name `wanted` takes; of the others only the summary is there, and their files are
 * not loaded. `done` hears the exit code of a command that has one.
 */
export async function openProgram(
  io: Io,
  wanted: (name: string) => boolean,
  done: (code: number | undefined) => void,
): Promise<Command> {
  const program = new Command('stillframe')
    .description('Forensic container checkpointing: copy a running container, look inside, restore it anywhere.')
    .version(productVersion)
    .showHelpAfterError('(add --help for what this command takes)')
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .configureHelp({ optionDescription: describeOption })
    .exitOverride();
  for (const { name, summary, load } of commands) {
    if (wanted(name)) (await load())(program, io, done);
    else program.command(name).description(summary);
  }
  return program;
}

/** Runs the command with these words, the program's own left out; its exit code. */
export async function runProgram(argv: string[], io: Io): Promise<number> {
  let code = 0;
  // Options of the program itself take no value, so the first other word is the command.
  const wanted = argv.find((word) => !word.startsWith('-'));
  const program = await openProgram(
    io,
    (name) => name === wanted,
    (result) => {
      code = result ?? 0;
    },
  );
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(io, error, argv);
    return exitCodeOf(error);
  }
}
