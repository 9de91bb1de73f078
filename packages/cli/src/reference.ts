/** Every command's own help as one page of Markdown: docs/commands.md. */
import type { Command } from 'commander';
import { openIo } from './io.ts';
import { openProgram } from './program.ts';

/** Columns of a help text. */
const WIDTH = 100;

/** The program with every command loaded, for what is made of it or held against it. */
export async function commandTree(): Promise<Command> {
  return await openProgram(
    openIo(process),
    () => true,
    () => undefined,
  );
}

/** A section a command, in the order of `--help`, with those below it. */
export async function commandReference(): Promise<string> {
  const program = await commandTree();
  return program.commands.flatMap((command) => sections(command, [])).join('\n');
}

/** What `--help` of the command writes: with the words behind the options, which the page leaves out. */
export function wholeHelp(command: Command): string {
  let text = '';
  const before = command.configureOutput();
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return text;
}

function sections(command: Command, before: readonly string[]): string[] {
  const words = [...before, command.name()];
  command.configureHelp({ ...command.configureHelp(), helpWidth: WIDTH });
  const heading = `${'#'.repeat(words.length + 1)} ${words.join(' ')}`;
  const own = `${heading}\n\`\`\`\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
  return [own, ...command.commands.flatMap((each) => sections(each, words))];
}
