/** What `stillframe search` is asked: patterns and filters out of its options. */
import {
  type BackingType,
  compilePatterns,
  type MemoryFilter,
  type NamedPattern,
  protectionBits,
} from '@stillframe/forensics';
import { numberOf } from '../numbers.ts';
import { cliError } from '../usage.ts';

export const TYPES: readonly BackingType[] = ['heap', 'stack', 'anonymous', 'file', 'memfd', 'shared', 'vdso'];

/** Options that say what is looked for, and where. */
export interface SearchedOptions {
  pattern?: string[];
  hex?: boolean;
  regex?: boolean;
  ignoreCase?: boolean;
  wide?: boolean;
  protection?: string;
  type?: string[];
  backing?: string;
  address?: string;
}

/** The patterns of the argument and of every `--pattern`. Throws ERR_USAGE_ARGUMENT and ERR_SEARCH_PATTERN_INVALID. */
export function patternsOf(what: string | undefined, options: SearchedOptions): readonly NamedPattern[] {
  const { hex = false, regex = false, ignoreCase = false, wide = false } = options;
  const texts = [...new Set([...(what === undefined ? [] : [what]), ...(options.pattern ?? [])])];
  if (texts.length === 0 || texts.includes(''))
    throw cliError('ERR_USAGE_ARGUMENT', 'there is nothing to find: give a text behind the checkpoint, or with -e');
  if (hex && (regex || ignoreCase))
    throw cliError('ERR_USAGE_ARGUMENT', '--hex goes with neither --regex nor --ignore-case');
  if (wide && (hex || regex)) throw cliError('ERR_USAGE_ARGUMENT', '--wide is for plain texts');
  const patterns = texts.map((text): NamedPattern => {
    if (hex) return { id: text, pattern: { kind: 'hex', source: text } };
    if (regex) return { id: text, pattern: { kind: 'regex', source: text, ignoreCase } };
    return { id: text, pattern: { kind: 'literal', bytes: new TextEncoder().encode(text), ignoreCase, wide } };
  });
  // What is wrong with a pattern is told before an archive is opened.
  compilePatterns(patterns);
  return patterns;
}

/** Where is looked. Throws ERR_USAGE_ARGUMENT and ERR_SEARCH_FILTER. */
export function filterOf({ protection, type, backing, address }: SearchedOptions): MemoryFilter {
  if (protection !== undefined) protectionBits(protection);
  return {
    protection,
    types: type?.map(typeOf),
    backing,
    addresses: address === undefined ? undefined : rangeOf(address),
  };
}

function typeOf(text: string): BackingType {
  const known = TYPES.find((type) => type === text);
  if (known !== undefined) return known;
  throw cliError('ERR_USAGE_ARGUMENT', `--type takes ${TYPES.join(', ')}, not ${JSON.stringify(text)}`);
}

function rangeOf(text: string): { start: bigint; end: bigint } {
  const [from = '', to = '', ...more] = text.split('-');
  if (from !== '' && to !== '' && more.length === 0) {
    const [start, end] = [numberOf(from, '--address'), numberOf(to, '--address')];
    if (start < end) return { start, end };
  }
  throw cliError('ERR_USAGE_ARGUMENT', `--address takes a range such as 0x7f00-0x8000, not ${JSON.stringify(text)}`);
}
