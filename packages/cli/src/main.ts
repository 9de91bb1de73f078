/** The stillframe command: runs what its words ask for, and turns what that throws into a message and a code. */
import { CommanderError } from 'commander';
import { exitCodeOf, printError } from './exit.ts';
import { type Io, openIo } from './io.ts';
import { openProgram } from './program.ts';

const io = openIo(process);
process.exitCode = await main(process.argv.slice(2), io);

async function main(argv: string[], io: Io): Promise<number> {
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
