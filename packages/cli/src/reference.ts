/** Every command's own help as one page of Markdown: docs/commands.md. */
import type { Command } from 'commander';
import { openIo } from './io.ts';
import { openProgram } from './program.ts';

/** Columns of a help text. */
const WIDTH = 100;

/** A section a command, in the order of `--help`, with those below it. */
export async function commandReference(): Promise<string> {
  const program = await openProgram(
    openIo(process),
    () => true,
    () => undefined,
  );
  return program.commands.flatMap((command) => sections(command, [])).join('\n');
}

function sections(command: Command, before: readonly string[]): string[] {
  const words = [...before, command.name()];
  command.configureHelp({ ...command.configureHelp(), helpWidth: WIDTH });
  const heading = `${'#'.repeat(words.length + 1)} ${words.join(' ')}`;
  const own = `${heading}\n\`\`\`\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
  return [own, ...command.commands.flatMap((each) => sections(each, words))];
}
