/** `stillframe search`: where texts, bytes and expressions stand in the memory of a checkpoint. */
import { bytesText, harmless, millisecondsText } from '@stillframe/core';
import { type NamedPattern, type PatternMatch, type ScanOptions, scanMemory } from '@stillframe/forensics';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { type Progress, showProgress } from '../display/progress.ts';
import { type Column, renderTable } from '../display/table.ts';
import type { Io } from '../io.ts';
import { countOf, numberOf } from '../numbers.ts';
import { repeated } from '../repeated.ts';
import { filterOf, patternsOf, type SearchedOptions, TYPES } from '../search/asked.ts';
import { shownAs } from '../search/shown.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface SearchOptions extends ReadingOptions, SearchedOptions {
  limit?: string;
  context?: string;
  count?: boolean;
  workers?: string;
}

const HELP = `
Matches of one pattern do not overlap, lie in captured memory only, and never span a gap in it; docs/search.md says more.
What several processes share is found in each of them.

  stillframe search web.tar hunter2                                text, byte for byte
  stillframe search web.tar -i -e password -e secret --wide        in any case, in UTF-8 and UTF-16
  stillframe search web.tar -E 'AKIA[0-9A-Z]{16}' --type heap      an expression, only in heaps
  stillframe search web.tar --hex '7f 45 4c 46 0? [4-8] 3e 00' --protection x
  stillframe search web.tar -E 'BEGIN [A-Z ]*PRIVATE KEY' --context 512 --output hex
  stillframe search web.tar -e jdbc: -e redis:// --count           how many, in which process`;

/** Exit code 0 also where nothing is found: the search itself succeeded. */
export const search: RegisterCommand = (program, io, done) => {
  const description = 'Find texts, bytes or expressions in the memory of a checkpoint: process, address, mapping';
  withPids(readingCommand(program, 'search', description))
    .argument('[what]', 'text to find, byte for byte')
    .option('-e, --pattern <what>', 'find this, too; may be repeated, all are found in one pass', repeated)
    .option('--hex', 'they are hexadecimal: 7f454c46, ?? and 4? for unknown digits, [2-4] a jump, (aa|bb cc)')
    .option('-E, --regex', 'they are regular expressions (JavaScript’s, over bytes); a match has at most 4 KiB')
    .option('-i, --ignore-case', 'letters match in any case; with --regex or plain texts')
    .option('--wide', 'plain texts as UTF-16 (little-endian), too')
    .option('--protection <bits>', 'only in mappings that have these at least: x, rw')
    .option('--type <list>', `only in these: ${TYPES.join(', ')}`, (value, before: string[] = []) => [
      ...before,
      ...value.split(','),
    ])
    .option('--backing <name>', 'only in mappings whose name holds this, or is as it says where it has a *')
    .option('--address <range>', 'only from one address up to another: 0x7f00-0x8000')
    .option('--count', 'how many there are in each process, and nothing more')
    .option('--context <bytes>', 'shown before and after a match, at most 4096', '16')
    .option('--limit <number>', 'stop after so many matches; 1000, with --count none')
    .option('--workers <number>', 'threads to search in, 0 for none; by default one a core for large checkpoints')
    .addOption(outputOption('table', 'hex', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, literal: string | undefined, options: SearchOptions) => {
      const patterns = patternsOf(literal, options);
      const filter = filterOf(options);
      const limit =
        options.count && options.limit === undefined
          ? Number.POSITIVE_INFINITY
          : countOf(options.limit ?? '1000', '--limit');
      const context = Number(numberOf(options.context ?? '16', '--context'));
      const workers = options.workers === undefined ? undefined : Number(numberOf(options.workers, '--workers'));
      if (context > 4096) throw cliError('ERR_USAGE_ARGUMENT', '--context takes at most 4096');
      if (options.count && options.output === 'hex')
        throw cliError('ERR_USAGE_ARGUMENT', '--count has nothing to dump');
      const code = await reading(what, options, io, async (opened) => {
        const pids = options.pid && opened.chosen.map(({ pid }) => pid);
        const asked = { filter: { ...filter, pids }, limit, context, workers, signal: io.signal };
        await (options.count ? showCounts : showMatches)(opened, patterns, asked, options.output, io);
      });
      done(code);
    });
};

type Asked = ScanOptions & { readonly limit: number };

async function showMatches(
  { checkpoint, chosen }: Reading,
  patterns: readonly NamedPattern[],
  options: Asked,
  output: string,
  io: Io,
): Promise<void> {
  using watched = watch(io);
  const { progress } = watched;
  const shown = shownAs(output, io.write, patterns.length > 1);
  let truncated = false;
  // One more than is shown, so that it is known whether there are more.
  for await (const match of scanMemory(checkpoint, patterns, {
    ...options,
    limit: options.limit + 1,
    onProgress: watched.update,
  })) {
    truncated = watched.matches >= options.limit;
    if (truncated) break;
    watched.count(match);
    progress.clear();
    await shown.match(match);
  }
  progress.clear();
  const searched = { processes: chosen.length, bytes: watched.bytes };
  if (output === 'table' && watched.matches === 0) io.out(noMatch(searched));
  await shown.end({ truncated, searched, diagnostics: checkpoint.diagnostics() });
  if (truncated)
    io.err(
      `stopped after ${options.limit === 1 ? 'one match' : `${options.limit} matches`}; there are more, --limit raises it\n`,
    );
  else if (output !== 'json') io.err(`${watched.summary()}\n`);
}

interface CountRow {
  readonly pattern: string;
  readonly pid: number | undefined;
  readonly comm: string | undefined;
  matches: number;
}

const COLUMNS: readonly Column<CountRow>[] = [
  { title: 'MATCHES', cell: ({ matches }) => String(matches), align: 'right' },
  { title: 'PID', cell: ({ pid }) => String(pid ?? '-'), align: 'right' },
  { title: 'PROCESS', cell: ({ comm }) => harmless(comm ?? '-') },
  { title: 'PATTERN', cell: ({ pattern }) => harmless(pattern) },
];

async function showCounts(
  { checkpoint, chosen }: Reading,
  patterns: readonly NamedPattern[],
  options: Asked,
  output: string,
  io: Io,
): Promise<void> {
  using watched = watch(io);
  const counts = new Map<string, CountRow>();
  for await (const match of scanMemory(checkpoint, patterns, { ...options, bare: true, onProgress: watched.update })) {
    watched.count(match);
    const { pattern, pid, comm } = match;
    const key = `${pid ?? ''} ${pattern}`;
    const row = counts.get(key) ?? { pattern, pid, comm, matches: 0 };
    row.matches += 1;
    counts.set(key, row);
  }
  watched.progress.clear();
  // Processes in the order of the dump, in each the patterns as they were given.
  const [pids, order] = [[...new Set([...counts.values()].map(({ pid }) => pid))], patterns.map(({ id }) => id)];
  const rows = [...counts.values()].sort(
    (a, b) => pids.indexOf(a.pid) - pids.indexOf(b.pid) || order.indexOf(a.pattern) - order.indexOf(b.pattern),
  );
  const searched = { processes: chosen.length, bytes: watched.bytes };
  if (output === 'jsonl') for (const row of rows) await io.write(renderJsonLine('MemoryMatchCount', 1, row));
  else if (output === 'table') await io.write(rows.length === 0 ? noMatch(searched) : renderTable(COLUMNS, rows));
  else
    await io.write(
      renderJson('MemoryMatchCounts', 1, { counts: rows, searched, diagnostics: checkpoint.diagnostics() }),
    );
  if (output === 'table') io.err(`${watched.summary()}\n`);
}

/** What has been found and read so far, with its progress on a terminal. */
interface Watched extends Disposable {
  readonly progress: Progress;
  readonly matches: number;
  readonly bytes: number;
  update(done: number, total: number): void;
  count(match: PatternMatch): void;
  summary(): string;
}

function watch(io: Io): Watched {
  const progress = showProgress(io, 'searching');
  const begin = performance.now();
  const pids = new Set<number | undefined>();
  const seen = { matches: 0, bytes: 0 };
  return {
    progress,
    get matches() {
      return seen.matches;
    },
    get bytes() {
      return seen.bytes;
    },
    update(done, total) {
      seen.bytes = done;
      progress.update(done, total);
    },
    count({ pid }) {
      seen.matches += 1;
      pids.add(pid);
    },
    summary() {
      const [matches, processes] = [seen.matches, pids.size];
      const what = `${matches === 1 ? 'one match' : `${matches} matches`} in ${processes === 1 ? 'one process' : `${processes} processes`}`;
      return `${what}; ${bytesText(seen.bytes)} searched in ${millisecondsText(performance.now() - begin)}`;
    },
    [Symbol.dispose]: () => progress[Symbol.dispose](),
  };
}

/** An empty answer says what was looked at, and what no checkpoint holds. */
function noMatch({ processes, bytes }: { processes: number; bytes: number }): string {
  const where = `${processes} process${processes === 1 ? '' : 'es'} with ${bytesText(bytes)} of captured memory in the checkpoint`;
  return `no match in ${where}\n(pages of files that were only read, such as program code, are not in a checkpoint)\n`;
}
