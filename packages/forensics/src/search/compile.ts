/** From patterns to what the scanner works with: plain data, so that it can be handed to a thread. */

import { messageOf } from '@stillframe/core';
import { forensicsError } from '../errors.ts';
import { type Anchor, DENSE, rateOf } from './anchor.ts';
import { LONGEST_MATCH } from './bounds.ts';
import { type ByteSet, eitherCase, oneByte } from './byte-set.ts';
import { readExpression } from './expression.ts';
import { readHex } from './hex.ts';
import type { NamedPattern, Pattern } from './pattern.ts';

/** How to find a pattern. */
export interface CompiledPattern {
  readonly id: string;
  /** One of them stands in every match. Empty: memory is gone through with the expression. */
  readonly anchors: readonly Anchor[];
  /** Undefined where an anchor itself is the match. */
  readonly expression: { readonly source: string; readonly flags: string } | undefined;
}

/** By how much rarer an anchor must be of which nobody knows where in a match it stands. */
const WIDER = 8;
/** Patterns that are looked for at once, at most. */
const MOST = 4096;

/** Compiles patterns. Throws ERR_SEARCH_PATTERN_INVALID, and ERR_LIMIT_EXCEEDED for more than 4096 of them. */
export function compilePatterns(patterns: readonly NamedPattern[]): readonly CompiledPattern[] {
  if (patterns.length > MOST) throw forensicsError('ERR_SEARCH_PATTERN_INVALID', `more than ${MOST} patterns at once`);
  return patterns.map(({ id, pattern }) => compile(id, pattern));
}

function compile(id: string, pattern: Pattern): CompiledPattern {
  if (pattern.kind === 'literal') return exact(id, literalRows(id, pattern));
  if (pattern.kind === 'regex') return compileExpression(id, pattern);
  try {
    const read = readHex(pattern.source);
    if (read.kind === 'row') return exact(id, [read.sets]);
    return compileExpression(id, { kind: 'regex', source: read.source });
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const message = `the pattern ${id} is no hexadecimal: ${messageOf(cause)}`;
    throw forensicsError('ERR_SEARCH_PATTERN_INVALID', message, { cause });
  }
}

function exact(id: string, rows: readonly (readonly ByteSet[])[]): CompiledPattern {
  if (rows.some(({ length }) => length === 0 || length > LONGEST_MATCH))
    throw forensicsError('ERR_SEARCH_PATTERN_INVALID', `the pattern ${id} has to have 1 to ${LONGEST_MATCH} bytes`);
  return { id, anchors: rows.map((sets) => ({ sets, before: { least: 0, most: 0 } })), expression: undefined };
}

function literalRows(
  id: string,
  { bytes, ignoreCase, wide }: Extract<Pattern, { kind: 'literal' }>,
): readonly ByteSet[][] {
  const rowOf = (literal: Uint8Array) => Array.from(literal, ignoreCase ? eitherCase : oneByte);
  if (!wide) return [rowOf(bytes)];
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes))
    throw forensicsError(
      'ERR_SEARCH_PATTERN_INVALID',
      `the pattern ${id} is no UTF-8, so that it is nothing in UTF-16`,
    );
  return [rowOf(bytes), rowOf(Buffer.from(text, 'utf16le'))];
}

function compileExpression(
  id: string,
  { source: text, ignoreCase = false, anchors: given = [] }: Extract<Pattern, { kind: 'regex' }>,
): CompiledPattern {
  const { source, flags, anchors } = readExpression(id, text, ignoreCase);
  const rowOf = (literal: string) => Array.from(Buffer.from(literal, 'utf8'), ignoreCase ? eitherCase : oneByte);
  const told = given.map((literal): Anchor => ({ sets: rowOf(literal), before: { least: 0, most: LONGEST_MATCH } }));
  const isUseful = told.length > 0 && told.every(({ sets }) => sets.length > 0) && rateOf(told) < DENSE;
  // What is read off the expression also tells where in a match it stands, so that less is looked at around it.
  const isRarer = anchors.length === 0 || rateOf(told) * WIDER < rateOf(anchors);
  return { id, anchors: isUseful && isRarer ? told : anchors, expression: { source, flags } };
}
