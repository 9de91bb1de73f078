/** Search of the dumped memory with a regular expression over bytes, or hexadecimal digits with unknown bytes between. */
import { createContext, Script } from 'node:vm';
import { type AddressSpace, openAddressSpace } from '@stillframe/criu-image';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { type FileTable, readFileTable } from '../fd/file-table.ts';
import { memoryPieces } from './memory-pieces.ts';
import { describeVma, type MemoryMatch, type SearchOptions } from './memory-search.ts';
import { type Process, readProcesses } from './process-tree.ts';

/** Characters of a pattern at most. */
const LONGEST_PATTERN = 1000;
/** Bytes of a match at most: so much of the piece before is looked at again. */
const LONGEST_MATCH = 4096;
/** Milliseconds for one piece of memory; an expression that backtracks for ever is given up. */
const PATIENCE = 2000;
/** Matches in one piece of memory at most; an expression that finds more finds nothing of use. */
const MATCHES = 100_000;

/** Options of searchPattern. */
export interface PatternOptions extends SearchOptions {
  ignoreCase?: boolean | undefined;
}

/**
 * Yields every place where `pattern` matches, process by process. It is a JavaScript expression over bytes as Latin-1: `.`
 * is a byte but a line feed, `\xff` the byte 255, and no match spans more than 4 KiB or a gap in captured memory. Shared
 * memory is searched in each process that maps it. Throws ERR_SEARCH_PATTERN_INVALID, and ERR_SEARCH_PATTERN_SLOW for one
 * that takes longer than two seconds for a MiB.
 */
export async function* searchPattern(
  checkpoint: Pick<Checkpoint, 'images'>,
  pattern: string,
  options: PatternOptions = {},
): AsyncGenerator<MemoryMatch, void, undefined> {
  const find = finderOf(pattern, options);
  const { images } = checkpoint;
  const files = await readFileTable(images, options);
  let left = options.limit ?? 1_000_000;
  for (const process of await readProcesses(images, options)) {
    if (options.pids && !options.pids.includes(process.pid)) continue;
    const space = await openAddressSpace(images, process.pid, options);
    if (!space) continue;
    for await (const match of inProcess(process, space, files, find, options)) {
      if (left <= 0) return;
      left -= 1;
      yield match;
    }
  }
}

type Find = (bytes: Buffer) => readonly { index: number; length: number }[];

async function* inProcess(
  process: Process,
  space: AddressSpace,
  files: FileTable,
  find: Find,
  options: PatternOptions,
): AsyncGenerator<MemoryMatch, void, undefined> {
  const margin = Math.min(options.context ?? 32, 4096);
  let before: Buffer = Buffer.alloc(0);
  /** Where the last match ended: what is looked at again gives no match twice. */
  let done = 0n;
  const pieces = memoryPieces(space, { signal: options.signal, pieceSize: options.chunkSize })[Symbol.asyncIterator]();
  let piece = await pieces.next();
  while (!piece.done) {
    const { vma, vaddr, bytes, continues } = piece.value;
    const kept = continues ? before : Buffer.alloc(0);
    const whole = Buffer.concat([kept, bytes]);
    const start = vaddr - BigInt(kept.length);
    const description = vma && describeVma(vma, files, space);
    piece = await pieces.next();
    // A match that reaches the end of the piece may be longer with the next one: it is then found in that.
    const open = !piece.done && piece.value.continues;
    const sure = open ? Math.max(0, whole.length - LONGEST_MATCH) : whole.length;
    for (const { index, length } of find(whole)) {
      const at = start + BigInt(index);
      if (at < done || index >= sure) continue;
      done = at + BigInt(Math.max(1, length));
      const { offset, pages } = space.chain.locate(at);
      const from = Math.max(0, index - margin);
      yield {
        pid: process.pid,
        comm: process.comm,
        vaddr: at,
        bytes: length,
        vma: description,
        image: `pagemap-${process.pid}`,
        pagesOffset: pages.source === undefined ? 0 : offset,
        context: new Uint8Array(whole.subarray(from, index + length + margin)),
        contextOffset: index - from,
      };
    }
    before = Buffer.from(whole.subarray(sure));
  }
}

/** Compiles the expression where it can be interrupted: a call alone cannot. */
function finderOf(pattern: string, { ignoreCase = false }: PatternOptions): Find {
  if (pattern === '' || pattern.length > LONGEST_PATTERN) {
    throw checkpointError('ERR_SEARCH_PATTERN_INVALID', `a pattern has 1 to ${LONGEST_PATTERN} characters`);
  }
  const context = createContext({
    pattern,
    flags: ignoreCase ? 'gi' : 'g',
    most: MATCHES,
    longest: LONGEST_MATCH,
    text: '',
  });
  try {
    const empty = new Script("var expression = new RegExp(pattern, flags); expression.test('')").runInContext(context);
    if (empty) throw new SyntaxError('it matches nothing as well, so everywhere');
  } catch (cause) {
    throw checkpointError(
      'ERR_SEARCH_PATTERN_INVALID',
      `${JSON.stringify(pattern)} is no regular expression to search with`,
      {
        cause,
      },
    );
  }
  const script = new Script(SCAN);
  return (bytes) => {
    context['text'] = bytes.toString('latin1');
    let found: string;
    try {
      found = String(script.runInContext(context, { timeout: PATIENCE }));
    } catch (cause) {
      throw checkpointError(
        'ERR_SEARCH_PATTERN_SLOW',
        `the pattern takes more than ${PATIENCE} ms for a part of memory`,
        { cause },
      );
    }
    const numbers = found === '' ? [] : found.split(',').map(Number);
    return Array.from({ length: numbers.length / 2 }, (_, i) => ({
      index: numbers[2 * i] ?? 0,
      length: numbers[2 * i + 1] ?? 0,
    }));
  };
}

/** Empty matches, as of `\\b`, are none. */
const SCAN = `(() => {
  const found = [];
  expression.lastIndex = 0;
  for (let match; found.length < 2 * most && (match = expression.exec(text)) !== null; ) {
    if (match[0].length === 0) expression.lastIndex += 1;
    else if (match[0].length <= longest) found.push(match.index, match[0].length);
  }
  return found.join();
})()`;

/**
 * The expression for hexadecimal digits in which `??` is any byte: `7f 45 4c 46 ?? 01`. Undefined for what is none, and for
 * one without any known byte.
 */
export function hexPattern(digits: string): string | undefined {
  const plain = digits.replace(/\s/g, '').toLowerCase();
  if (!/^([0-9a-f]{2}|\?\?)+$/.test(plain) || !/[0-9a-f]/.test(plain)) return undefined;
  return (plain.match(/../g) ?? []).map((pair) => (pair === '??' ? '[^]' : `\\x${pair}`)).join('');
}
