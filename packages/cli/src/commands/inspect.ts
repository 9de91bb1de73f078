/** `stillframe inspect`: what a checkpoint holds, without unpacking it. */
import { readCaptureFacts } from '../capture-facts.ts';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { inspect as inspectCheckpoint } from '../inspect/model.ts';
import { inspectionTable } from '../inspect/table-view.ts';
import { inspectionTree } from '../inspect/tree-view.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface InspectCommandOptions extends ReadingOptions {
  psTreeEnv?: boolean;
  files?: boolean;
  stats?: boolean;
  mounts?: boolean;
  all?: boolean;
  psTree?: boolean;
  showSecrets?: boolean;
  verify?: boolean;
}

/** Exit code 4 where some of the evidence could not be read. */
export const inspect: RegisterCommand = (program, io, done) => {
  const description =
    'Show container, image, engine, processes with arguments and environment, open files and statistics';
  withPids(readingCommand(program, 'inspect', description, 'nothing is unpacked'))
    .option('--all', 'everything: mounts, kernel namespaces, network, IPC, control groups, changes of files, dump log')
    .option('--ps-tree', 'only the process tree')
    .option('--ps-tree-env', 'the environment of each process (shown by default)')
    .option('--files', 'the open files of each process (shown by default)')
    .option('--stats', 'CRIU’s dump statistics (shown by default)')
    .option('--mounts', 'the mounts')
    .option('--verify', 'read the whole archive and compare its digest with the one recorded at capture')
    .option('--show-secrets', 'do not hide values of variables such as PASSWORD or TOKEN')
    .addOption(outputOption('tree', 'table', 'json', 'jsonl'))
    .action(async (what: string, options: InspectCommandOptions) => {
      const read = async ({ checkpoint, sealed, chosen, report }: Reading) => {
        const capture = await readCaptureFacts(checkpoint.archive, {
          sealed,
          verify: options.verify ?? false,
          signal: io.signal,
        });
        report(capture.diagnostics);
        const found = await inspectCheckpoint(checkpoint, {
          processes: chosen,
          capture,
          secrets: options.showSecrets ?? false,
          surroundings: options.all ? 'all' : options.output.startsWith('json') ? 'but-changes' : 'none',
          report,
          signal: io.signal,
        });
        if (options.output === 'json') io.out(renderJson('Inspection', 1, found));
        else if (options.output === 'jsonl') io.out(renderJsonLine('Inspection', 1, found));
        else if (options.output === 'table') io.out(inspectionTable(found));
        else io.out(renderTree(inspectionTree(found, sectionsOf(options), styleOf(io.colour))));
      };
      done(await reading(what, options, io, read, { shown: options.output === 'tree' }));
    });
};

/** Naming parts shows those alone; naming none shows all but the mounts and the surroundings. */
function sectionsOf({ all, psTree, psTreeEnv, files, stats, mounts }: InspectCommandOptions) {
  const named = psTree || psTreeEnv || files || stats || mounts;
  const shown = (part: boolean | undefined, fallback: boolean) => all || (named ? (part ?? false) : fallback);
  return {
    environment: shown(psTreeEnv, true),
    files: shown(files, true),
    statistics: shown(stats, true),
    mounts: shown(mounts, false),
    surroundings: all ?? false,
  };
}
