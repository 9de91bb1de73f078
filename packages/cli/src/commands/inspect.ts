/** `stillframe inspect`: what a checkpoint holds, without unpacking it. */
import { readProcesses } from '@stillframe/checkpoint';
import { renderJson } from '../display/json.ts';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { evidenceCode } from '../exit.ts';
import { inspect as inspectCheckpoint } from '../inspect/model.ts';
import { inspectionTree } from '../inspect/tree-view.ts';
import { openEvidence } from '../open-evidence.ts';
import { collectPids, pidsOf } from '../pids.ts';
import { outputOption, type RegisterCommand, withParents } from './command.ts';

interface InspectCommandOptions {
  pid?: string[];
  psTreeEnv?: boolean;
  files?: boolean;
  stats?: boolean;
  mounts?: boolean;
  all?: boolean;
  psTree?: boolean;
  showSecrets?: boolean;
  partial?: boolean;
  parent?: string[];
  output: string;
}

/** Exit code 4 where some of the evidence could not be read. */
export const inspect: RegisterCommand = (program, io, done) => {
  const command = program
    .command('inspect')
    .description('Show container, image, engine, processes with arguments and environment, open files and statistics')
    .argument('<checkpoint>', 'archive, folder, oci:LAYOUT[:TAG] or image reference; nothing is unpacked')
    .option('-p, --pid <pid>', 'only this process; may be repeated or a list with commas', collectPids)
    .option('--all', 'everything, mounts too')
    .option('--ps-tree', 'only the process tree')
    .option('--ps-tree-env', 'the environment of each process (shown by default)')
    .option('--files', 'the open files of each process (shown by default)')
    .option('--stats', 'CRIU’s dump statistics (shown by default)')
    .option('--mounts', 'the mounts')
    .option('--show-secrets', 'do not hide values of variables such as PASSWORD or TOKEN');
  withParents(command)
    .addOption(outputOption('tree', 'json'))
    .action(async (what: string, options: InspectCommandOptions) => {
      await using checkpoint = await openEvidence(what, io, { partial: options.partial, parents: options.parent });
      const found = await inspectCheckpoint(checkpoint, {
        pids: pidsOf(options.pid, await readProcesses(checkpoint.images, { signal: io.signal })),
        secrets: options.showSecrets ?? false,
        signal: io.signal,
      });
      if (options.output === 'json') io.out(renderJson('Inspection', 1, found));
      else io.out(renderTree(inspectionTree(found, sectionsOf(options), styleOf(io.colour))));
      done(evidenceCode(found.diagnostics));
    });
};

/** Naming parts shows those alone; naming none shows all but the mounts. */
function sectionsOf({ all, psTree, psTreeEnv, files, stats, mounts }: InspectCommandOptions) {
  const named = psTree || psTreeEnv || files || stats || mounts;
  const shown = (part: boolean | undefined, fallback: boolean) => all || (named ? (part ?? false) : fallback);
  return {
    environment: shown(psTreeEnv, true),
    files: shown(files, true),
    statistics: shown(stats, true),
    mounts: shown(mounts, false),
  };
}
