/** `stillframe maps`: what each process had mapped, and how much of it the checkpoint holds. */
import { type MapRow, readFileTable, readMaps } from '@stillframe/checkpoint';
import { bytesText, harmless, hexAddress } from '@stillframe/core';
import { openAddressSpace } from '@stillframe/criu-image';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { protectionText } from '../display/protection.ts';
import { renderTable } from '../display/table.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

/** Exit code 4 where some of the evidence could not be read. */
export const maps: RegisterCommand = (program, io, done) => {
  const description = 'Show the address spaces: addresses, protection, what is behind them, and how much was captured';
  withPids(readingCommand(program, 'maps', description, 'no memory is read'))
    .addOption(outputOption('table', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: ReadingOptions) => {
      const code = await reading(what, options, io, async ({ checkpoint, chosen }) => {
        const { images } = checkpoint;
        const files = await readFileTable(images, { signal: io.signal });
        const found: ProcessMaps[] = [];
        for (const { pid, comm } of chosen) {
          const space = await openAddressSpace(images, pid, { signal: io.signal });
          if (!space) continue;
          const rows = (await readMaps(space, files, { signal: io.signal })).map(viewOf);
          if (options.output === 'jsonl') {
            for (const row of rows) await io.write(renderJsonLine('MemoryMap', 1, { pid, comm, ...row }));
          } else found.push({ pid, comm, pageSize: space.pageSize, maps: rows });
        }
        const diagnostics = checkpoint.diagnostics();
        if (options.output === 'json')
          await io.write(renderJson('MemoryMapList', 1, { processes: found, diagnostics }));
        if (options.output === 'table') for (const each of found) await io.write(tableOf(each));
      });
      done(code);
    });
};

const HELP = `
CAPTURED is what the checkpoint holds, ABSENT what it does not and why:
  file       pages of a mapped file that were never changed (see --fill-files of memory and strings)
  kernel     made by the kernel of the machine that restores
  in-parent  left to an earlier dump; give it with --parent
  shared, lazy, damaged
What is neither is zero: never written.`;

interface ProcessMaps {
  pid: number;
  comm: string | undefined;
  pageSize: number;
  maps: MapView[];
}

type MapView = ReturnType<typeof viewOf>;

function viewOf(row: MapRow) {
  const { start, end, prot, shared, offset, backing, deleted, captured, zero, absent, anonymousCode } = row;
  return {
    start: hexAddress(start),
    end: hexAddress(end),
    bytes: end - start,
    protection: protectionText(prot, shared),
    offset,
    backing,
    deleted,
    captured,
    zero,
    absent,
    anonymousCode,
  };
}

function tableOf({ pid, comm, maps: rows }: ProcessMaps): string {
  const total = rows.reduce((sum, { captured }) => sum + captured, 0n);
  const title = `${pid} ${harmless(comm ?? '-')}  ${bytesText(Number(total))} captured`;
  return `${title}\n${renderTable(COLUMNS, rows)}\n`;
}

const COLUMNS = [
  { title: 'START', cell: (row: MapView) => row.start },
  { title: 'END', cell: (row: MapView) => row.end },
  { title: 'SIZE', cell: (row: MapView) => bytesText(Number(row.bytes)), align: 'right' as const },
  { title: 'PROT', cell: (row: MapView) => row.protection },
  { title: 'CAPTURED', cell: (row: MapView) => bytesText(Number(row.captured)), align: 'right' as const },
  { title: 'ABSENT', cell: (row: MapView) => Object.keys(row.absent).join(',') || '-' },
  { title: 'MAPPING', cell: mappingOf },
];

function mappingOf({ backing, deleted, anonymousCode }: MapView): string {
  return `${harmless(backing)}${deleted ? ' (deleted)' : ''}${anonymousCode ? ' (code in no file)' : ''}`;
}
