/** `stillframe search`: where a literal stands in the memory of a checkpoint. */
import { type Checkpoint, readProcesses, searchMemory } from '@stillframe/checkpoint';
import { bytesText, harmless, hexAddress } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { renderTable } from '../display/table.ts';
import { exitCodes } from '../exit.ts';
import { openEvidence } from '../open-evidence.ts';
import { collectPids, pidsOf } from '../pids.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';

interface SearchOptions {
  pid?: string[];
  hex?: boolean;
  partial?: boolean;
  limit: string;
  output: string;
}

/** Exit code 0 also where nothing is found: the search itself succeeded. */
export const search: RegisterCommand = (program, io, done) => {
  program
    .command('search')
    .description('Find a literal in the memory of a checkpoint: process, address, mapping')
    .argument('<checkpoint>', 'archive, folder, oci:LAYOUT[:TAG] or image reference')
    .argument('<literal>', 'text to find, byte for byte')
    .option('--hex', 'the literal is hexadecimal, such as 7f454c46')
    .option('-p, --pid <pid>', 'only in this process; may be repeated or a list with commas', collectPids)
    .option('--partial', 'search a truncated or damaged archive as far as it goes; exit code 4')
    .option('--limit <number>', 'stop after so many matches', '1000')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .action(async (what: string, literal: string, options: SearchOptions) => {
      const needle = needleOf(literal, options.hex ?? false);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1)
        throw cliError('ERR_USAGE_ARGUMENT', '--limit takes a positive number');
      await using checkpoint = await openEvidence(what, io, { partial: options.partial ?? false });
      const processes = await readProcesses(checkpoint.images, { signal: io.signal });
      const wanted = pidsOf(options.pid, processes);
      const pids = wanted && [...wanted];
      const matches: MatchView[] = [];
      let count = 0;
      // One more than is shown, so that it is known whether there are more.
      for await (const match of searchMemory(checkpoint, needle, { pids, limit: limit + 1, signal: io.signal })) {
        count += 1;
        if (count > limit) break;
        const view = viewOf(match, needle.length);
        if (options.output === 'jsonl') io.out(renderJsonLine('MemoryMatch', 1, view));
        else matches.push(view);
      }
      const truncated = count > limit;
      const searched = { processes: pids?.length ?? processes.length, bytes: capturedBytes(checkpoint) };
      if (options.output === 'json') {
        io.out(
          renderJson('MemoryMatchList', 1, { matches, truncated, searched, diagnostics: checkpoint.diagnostics() }),
        );
      } else if (options.output === 'table')
        io.out(matches.length === 0 ? noMatch(searched) : renderTable(COLUMNS, matches));
      if (truncated)
        io.err(`stopped after ${limit === 1 ? 'one match' : `${limit} matches`}; there are more, --limit raises it\n`);
      done(checkpoint.diagnostics().some((d) => d.severity === 'error') ? exitCodes.partial : exitCodes.ok);
    });
};

/** Bytes of memory that the checkpoint holds, of all processes. */
function capturedBytes({ images }: Checkpoint): number {
  return images.ids('pages').reduce((sum, id) => sum + (images.source('pages', id)?.size ?? 0), 0);
}

/** An empty answer says what was looked at, and what no checkpoint holds. */
function noMatch({ processes, bytes }: { processes: number; bytes: number }): string {
  const where = `${processes} process${processes === 1 ? '' : 'es'} with ${bytesText(bytes)} of captured memory in the checkpoint`;
  return `no match in ${where}\n(pages of files that were only read, such as program code, are not in a checkpoint)\n`;
}

interface MatchView {
  pid: number | undefined;
  comm: string | undefined;
  address: string;
  mapping: string;
  protection: string;
  image: string;
  offset: number;
  context: string;
}

const COLUMNS = [
  { title: 'PID', cell: (m: MatchView) => String(m.pid ?? '-'), align: 'right' as const },
  { title: 'PROCESS', cell: (m: MatchView) => harmless(m.comm ?? '-') },
  { title: 'ADDRESS', cell: (m: MatchView) => m.address },
  { title: 'PROT', cell: (m: MatchView) => m.protection },
  { title: 'MAPPING', cell: (m: MatchView) => harmless(m.mapping) },
  { title: 'CONTEXT', cell: (m: MatchView) => m.context },
];

type Match = Awaited<ReturnType<ReturnType<typeof searchMemory>['next']>>['value'] & object;

function viewOf(match: Match, length: number): MatchView {
  const { start, end } = { start: Math.max(0, match.contextOffset - 16), end: match.contextOffset + length + 16 };
  const protection = match.vma?.prot ?? 0;
  return {
    pid: match.pid,
    comm: match.comm,
    address: hexAddress(match.vaddr),
    mapping: match.vma?.backing ?? 'unknown',
    protection: `${protection & 1 ? 'r' : '-'}${protection & 2 ? 'w' : '-'}${protection & 4 ? 'x' : '-'}`,
    image: match.image,
    offset: match.pagesOffset,
    context: printable(match.context.subarray(start, end)),
  };
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
}

function needleOf(literal: string, hex: boolean): Uint8Array {
  if (!hex) {
    if (literal === '') throw cliError('ERR_USAGE_ARGUMENT', 'the literal is empty');
    return new TextEncoder().encode(literal);
  }
  const digits = literal.replace(/\s/g, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits))
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(literal)} is no hexadecimal`);
  return Buffer.from(digits, 'hex');
}
