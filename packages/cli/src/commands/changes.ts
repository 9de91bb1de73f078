/** `stillframe changes`: what the container had changed in its root filesystem. */
import { changesRecorded, type RootfsChange, type RootfsTree, readChanges, readMounts } from '@stillframe/checkpoint';
import { bytesText, UndoStack } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import { changeTree, modeText, ownerText, targetText } from '../inspect/change-nodes.ts';
import { openBase } from '../mapped-files.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand } from './reading.ts';

interface ChangesCommandOptions extends ReadingOptions {
  digest?: boolean;
  flagged?: boolean;
  image?: string;
}

/** Exit code 4 where some of the evidence could not be read. */
export const changes: RegisterCommand = (program, io, done) => {
  const description = 'Show what the container had changed in its root filesystem: written, replaced and deleted paths';
  readingCommand(program, 'changes', description, 'file contents are read only for --digest')
    .option('--digest', 'read the content of every file and tell its SHA-256')
    .option('--flagged', 'only what deserves a second look: setuid, setgid, devices, capabilities, world-writable')
    .option(
      '--image <where>',
      'tell new files from changed ones by the container’s image: layout, tar, folder, reference',
    )
    .addOption(outputOption('table', 'tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: ChangesCommandOptions) => {
      const code = await reading(what, options, io, async ({ checkpoint, report }) => {
        await using closing = new UndoStack();
        const image = options.image === undefined ? undefined : await openBase(options.image, io, closing, options);
        const { signal } = io;
        const { digest: digests, partial } = options;
        const recorded = changesRecorded(checkpoint);
        if (!recorded) io.err('the checkpoint records no changes: there were none, or the engine left them out\n');
        const mounted = await readMounts(checkpoint.images, { signal });
        const mountpoints = new Set(mounted.map(({ mountpoint }) => mountpoint));
        const layers: readonly RootfsTree[] | undefined = image?.layers;
        const rows: RootfsChange[] = [];
        let count = 0;
        for await (const row of readChanges(
          checkpoint,
          { digests, partial, image: layers, mountpoints, signal },
          report,
        )) {
          count += 1;
          if (options.flagged && !deservesLook(row)) continue;
          if (options.output === 'jsonl') await io.write(renderJsonLine('RootfsChange', 1, row));
          else rows.push(row);
        }
        const diagnostics = checkpoint.diagnostics();
        if (options.output === 'json')
          await io.write(renderJson('RootfsChangeList', 1, { recorded, changes: rows, diagnostics }));
        else if (options.output !== 'jsonl' && rows.length === 0) await io.write(noneText(recorded, count));
        else if (options.output === 'tree') await io.write(renderTree(changeTree(rows)));
        else if (options.output === 'table') await io.write(renderTable(columnsOf(options), rows));
      });
      done(code);
    });
};

const HELP = `
CHANGE is written for what was added or changed: which of the two, only the image can tell (--image). A folder that is
replaced holds nothing any more but what is listed; deletions have no facts of the file. Paths with the flag mountpoint were
made by the runtime to mount something there. To compare two checkpoints, take the rows of both (--output jsonl).`;

/** Instead of rows, of which there were `count` before `--flagged`. */
function noneText(recorded: boolean, count: number): string {
  if (count > 0) return `none of the ${count} changes has a flag that deserves a second look\n`;
  return recorded ? 'nothing was changed\n' : 'no change of the root filesystem is in the checkpoint\n';
}

function deservesLook({ flags }: RootfsChange): boolean {
  return flags.some((flag) => flag !== 'mountpoint');
}

function columnsOf({ digest }: ChangesCommandOptions) {
  return [
    { title: 'CHANGE', cell: ({ change }: RootfsChange) => change },
    { title: 'MODE', cell: modeText },
    { title: 'OWNER', cell: ownerText },
    {
      title: 'SIZE',
      cell: ({ type, size }: RootfsChange) => (type === 'file' && size !== undefined ? bytesText(size) : '-'),
      align: 'right' as const,
    },
    { title: 'MODIFIED', cell: ({ modified }: RootfsChange) => timeText(modified) },
    ...(digest
      ? [{ title: 'SHA-256', cell: ({ sha256 }: RootfsChange) => sha256?.slice('sha256:'.length) ?? '-' }]
      : []),
    { title: 'FLAGS', cell: ({ flags }: RootfsChange) => flags.join(',') || '-' },
    { title: 'PATH', cell: targetText },
  ];
}

/** UTC to the second; what no date can hold is a number. */
function timeText(seconds: number | undefined): string {
  if (seconds === undefined) return '-';
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
