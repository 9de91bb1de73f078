/** The stillframe command of this process: its words, its streams and its exit code. */
import { openIo } from './io.ts';
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2), openIo(process));
