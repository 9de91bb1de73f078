/** How matches are shown: written as they are found, in every format. */
import { harmless, hexAddress } from '@stillframe/core';
import type { PatternMatch } from '@stillframe/forensics';
import { Hexdump } from '../display/hexdump.ts';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import { protectionText } from '../display/protection.ts';

type Write = (data: string) => Promise<void>;

/** One format. */
export interface Shown {
  match(match: PatternMatch): Promise<void>;
  /** What is known at the end, which only a document holds. */
  end(rest: Readonly<Record<string, object | boolean>>): Promise<void>;
}

/** `named`: more than one pattern is looked for, so that each match says which it is. */
export function shownAs(format: string, write: Write, named: boolean): Shown {
  if (format === 'jsonl') {
    return { match: (match) => write(renderJsonLine('MemoryMatch', 1, viewOf(match))), end: async () => undefined };
  }
  if (format === 'json') {
    const document = new JsonDocument('MemoryMatchList', 1, write);
    document.list('matches');
    return { match: (match) => document.item(viewOf(match)), end: (rest) => document.end(rest) };
  }
  return format === 'hex' ? hexdumps(write) : table(write, named);
}

function viewOf(match: PatternMatch) {
  return {
    pid: match.pid,
    comm: match.comm,
    address: hexAddress(match.vaddr),
    mapping: match.vma?.backing ?? 'unknown',
    bytes: match.bytes,
    protection: protectionText(match.vma?.prot ?? 0),
    image: match.image,
    offset: match.pagesOffset,
    pattern: match.pattern,
    context: printable(match.context),
    contextOffset: match.contextOffset,
  };
}

/** Characters of a match and what is around it that a line shows. */
const LINE = 160;
/** Columns have a width of their own: no row is waited for. */
const WIDTHS = [7, 15, 14, 4, 24, 24] as const;

function table(write: Write, named: boolean): Shown {
  const row = (cells: readonly string[], last: string) => {
    const [pid = '', ...others] = cells;
    const padded = others.map((cell, i) => cell.padEnd(WIDTHS[i + 1] ?? 0));
    return `${[pid.padStart(WIDTHS[0]), ...padded, last].join('  ').trimEnd()}\n`;
  };
  let first = true;
  return {
    async match(match) {
      const { pid, comm, vaddr, vma, pattern, context } = match;
      const head = first
        ? row(['PID', 'PROCESS', 'ADDRESS', 'PROT', 'MAPPING', ...(named ? ['PATTERN'] : [])], 'CONTEXT')
        : '';
      first = false;
      const cells = [
        String(pid ?? '-'),
        harmless(comm ?? '-'),
        hexAddress(vaddr),
        protectionText(vma?.prot ?? 0),
        harmless(vma?.backing ?? 'unknown'),
      ];
      const line = row([...cells, ...(named ? [harmless(pattern)] : [])], printable(context.subarray(0, LINE)));
      await write(head + line);
    },
    end: async () => undefined,
  };
}

function hexdumps(write: Write): Shown {
  return {
    async match({ pid, comm, vaddr, vma, pattern, bytes, context, contextOffset }) {
      const where = `${protectionText(vma?.prot ?? 0)} ${harmless(vma?.backing ?? 'unknown')}`;
      const head = `${pid ?? '-'} ${harmless(comm ?? '-')}  ${hexAddress(vaddr)}+${bytes}  ${where}  ${harmless(pattern)}\n`;
      const dump = new Hexdump();
      await write(`${head}${dump.add(vaddr - BigInt(contextOffset), context)}${dump.end()}\n`);
    },
    end: async () => undefined,
  };
}

function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '.');
}
