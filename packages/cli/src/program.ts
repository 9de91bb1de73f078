/** The command tree, run: what it throws becomes a message and a code. */
import { Command, CommanderError, Help, type Option } from 'commander';
import { commands } from './commands/index.ts';
import { exitCodeOf, printError } from './exit.ts';
import type { Io } from './io.ts';
import { productVersion } from './product.ts';

/** As usual, but nothing is said of an option that may be repeated and is not given. */
function describeOption(this: Help, option: Option): string {
  const none = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  const shown: Option = none ? Object.create(option, { defaultValue: { value: undefined } }) : option;
  return Help.prototype.optionDescription.call(this, shown);
}

/** Runs the command with these words, the program's own left out; its exit code. */
export async function runProgram(argv: string[], io: Io): Promise<number> {
  const program = new Command('stillframe')
    .description('Forensic container checkpointing: copy a running container, look inside, restore it anywhere.')
    .version(productVersion)
    .showHelpAfterError('(add --help for what this command takes)')
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .configureHelp({ optionDescription: describeOption })
    .exitOverride();
  let code = 0;
  // Options of the program itself take no value, so the first other word is the command.
  const wanted = argv.find((word) => !word.startsWith('-'));
  for (const { name, summary, load } of commands) {
    if (name !== wanted) program.command(name).description(summary);
    else (await load())(program, io, (result) => (code = result ?? 0));
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(io, error, argv);
    return exitCodeOf(error);
  }
}
