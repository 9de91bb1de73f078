/** `stillframe ps`: the processes of a checkpoint, and everything that CRIU wrote of each. */
import { renderJson, renderJsonLine } from '../display/json.ts';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { jsonOf } from '../ps/json.ts';
import { readViews, type TaskView } from '../ps/model.ts';
import { sectionsOf } from '../ps/sections.ts';
import { processForest, processTable, threadTable } from '../ps/tables.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface PsOptions extends ReadingOptions {
  threads?: boolean;
  long?: boolean;
}

const HELP = `
With --pid, each process is shown whole: credentials, capabilities, seccomp filters with their programs, signals, timers,
limits, and the registers of each thread. docs/reading.md says what the members of the JSON mean.

  stillframe ps web.tar                      a row a process
  stillframe ps web.tar --output tree        children below their parents
  stillframe ps web.tar --threads            a row a thread
  stillframe ps web.tar --pid 7              everything of one`;

/** Exit code 4 where some of the evidence could not be read. */
export const ps: RegisterCommand = (program, io, done) => {
  const description = 'Show the processes: who they are, what they may do, which signals and timers wait for them';
  withPids(readingCommand(program, 'ps', description, 'of memory only arguments are read'))
    .option('--threads', 'the threads of each process')
    .option('-l, --long', 'more columns: group, session, terminal, schedule, seccomp, capabilities, label')
    .addOption(outputOption('table', 'tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: PsOptions, command: { getOptionValueSource(name: string): string }) => {
      const whole = options.pid !== undefined && command.getOptionValueSource('output') === 'default';
      const code = await reading(what, options, io, async ({ checkpoint, chosen }) => {
        const { images } = checkpoint;
        const detail = options.pid !== undefined;
        const found: TaskView[] = [];
        for await (const view of readViews(images, { processes: chosen, detail, signal: io.signal })) {
          if (options.output === 'jsonl') await io.write(renderJsonLine('Process', 1, jsonOf(view)));
          else if (whole) await io.write(renderTree(sectionsOf(view, styleOf(io.colour))));
          else found.push(view);
        }
        if (whole || options.output === 'jsonl') return;
        await io.write(render(found, options, styleOf(io.colour), () => checkpoint.diagnostics()));
      });
      done(code);
    });
};

function render(
  views: readonly TaskView[],
  { output, threads, long }: PsOptions,
  style: ReturnType<typeof styleOf>,
  diagnostics: () => readonly object[],
): string {
  if (output === 'json')
    return renderJson('ProcessList', 1, { processes: views.map(jsonOf), diagnostics: diagnostics() });
  if (output === 'tree') return processForest(views, threads ?? false, style);
  return threads ? threadTable(views) : processTable(views, long ?? false);
}
