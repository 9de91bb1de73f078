/** `stillframe search`: where a literal stands in the memory of a checkpoint. */
import {
  type Checkpoint,
  hexPattern,
  type MemoryMatch as Match,
  type SearchOptions as MemorySearchOptions,
  searchMemory,
  searchPattern,
} from '@stillframe/checkpoint';
import { bytesText, harmless, hexAddress, messageOf } from '@stillframe/core';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { protectionText } from '../display/protection.ts';
import { renderTable } from '../display/table.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface SearchOptions extends ReadingOptions {
  hex?: boolean;
  regex?: boolean;
  ignoreCase?: boolean;
  limit: string;
}

/** Exit code 0 also where nothing is found: the search itself succeeded. */
export const search: RegisterCommand = (program, io, done) => {
  const description = 'Find a literal, bytes or an expression in the memory of a checkpoint: process, address, mapping';
  withPids(readingCommand(program, 'search', description))
    .argument('<what>', 'text to find, byte for byte')
    .option('--hex', 'it is hexadecimal, such as 7f454c46; ?? stands for any byte')
    .option('-E, --regex', 'it is a regular expression (JavaScript’s, over bytes); a match has at most 4 KiB')
    .option('-i, --ignore-case', 'letters match in any case; with --regex or a plain text')
    .option('--limit <number>', 'stop after so many matches', '1000')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .action(async (what: string, literal: string, options: SearchOptions) => {
      const find = finderOf(literal, options);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1)
        throw cliError('ERR_USAGE_ARGUMENT', '--limit takes a positive number');
      const code = await reading(what, options, io, async ({ checkpoint, chosen }) => {
        const pids = options.pid && chosen.map(({ pid }) => pid);
        const matches: MatchView[] = [];
        let count = 0;
        // One more than is shown, so that it is known whether there are more.
        for await (const match of find(checkpoint, { pids, limit: limit + 1, signal: io.signal })) {
          count += 1;
          if (count > limit) break;
          const view = viewOf(match);
          if (options.output === 'jsonl') await io.write(renderJsonLine('MemoryMatch', 1, view));
          else matches.push(view);
        }
        const truncated = count > limit;
        const searched = { processes: chosen.length, bytes: capturedBytes(checkpoint) };
        const diagnostics = checkpoint.diagnostics();
        if (options.output === 'json')
          io.out(renderJson('MemoryMatchList', 1, { matches, truncated, searched, diagnostics }));
        if (options.output === 'table')
          io.out(matches.length === 0 ? noMatch(searched) : renderTable(COLUMNS, matches));
        if (truncated)
          io.err(
            `stopped after ${limit === 1 ? 'one match' : `${limit} matches`}; there are more, --limit raises it\n`,
          );
      });
      done(code);
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
  bytes: number;
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

function viewOf(match: Match): MatchView {
  const { start, end } = { start: Math.max(0, match.contextOffset - 16), end: match.contextOffset + match.bytes + 16 };
  return {
    pid: match.pid,
    comm: match.comm,
    address: hexAddress(match.vaddr),
    mapping: match.vma?.backing ?? 'unknown',
    bytes: match.bytes,
    protection: protectionText(match.vma?.prot ?? 0),
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

type Finder = (checkpoint: Checkpoint, options: MemorySearchOptions) => AsyncIterable<Match>;

/** A literal is searched for as such, which is faster than any expression. */
function finderOf(text: string, { hex, regex, ignoreCase = false }: SearchOptions): Finder {
  if (text === '') throw cliError('ERR_USAGE_ARGUMENT', 'there is nothing to find');
  if (hex && (regex || ignoreCase))
    throw cliError('ERR_USAGE_ARGUMENT', '--hex goes with neither --regex nor --ignore-case');
  if (hex) return hexFinder(text);
  if (regex) demandExpression(text);
  if (regex) return (checkpoint, options) => searchPattern(checkpoint, text, { ...options, ignoreCase });
  const bytes = new TextEncoder().encode(text);
  if (!ignoreCase) return (checkpoint, options) => searchMemory(checkpoint, bytes, options);
  const literal = [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  return (checkpoint, options) => searchPattern(checkpoint, literal, { ...options, ignoreCase });
}

function hexFinder(text: string): Finder {
  const pattern = hexPattern(text);
  if (pattern === undefined) {
    const hint = 'two digits a byte, such as 7f454c46; ?? stands for any byte, and one byte at least is known';
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is no hexadecimal`, { hint });
  }
  if (text.includes('?')) return (checkpoint, options) => searchPattern(checkpoint, pattern, options);
  const bytes = Buffer.from(text.replace(/\s/g, ''), 'hex');
  return (checkpoint, options) => searchMemory(checkpoint, bytes, options);
}

/** Throws ERR_USAGE_ARGUMENT for what is no expression, and for one that matches nothing as well, which is everywhere. */
function demandExpression(text: string): void {
  let expression: RegExp;
  try {
    expression = new RegExp(text);
  } catch (cause) {
    throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} is no regular expression: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (!expression.test('')) return;
  const hint = 'let it match one byte at least: x+ in place of x*';
  throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(text)} matches nothing too, which is everywhere`, { hint });
}
