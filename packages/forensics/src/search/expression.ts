/** Regular expressions over bytes: what every match holds is read off them, so that memory is gone through for that. */
import { type AST, RegExpParser } from '@eslint-community/regexpp';
import { forensicsError } from '../errors.ts';
import { type Anchor, DENSE, rateOf } from './anchor.ts';
import { anchorsOf } from './expression-anchors.ts';

/** Characters of an expression at most. */
const LONGEST_SOURCE = 4096;

/** An expression that can be searched with. */
export interface Expression {
  /** For RegExp, over bytes as Latin-1. */
  readonly source: string;
  readonly flags: string;
  /** One of them stands in every match; empty where none is rare enough. */
  readonly anchors: readonly Anchor[];
}

/** Reads an expression. Throws ERR_SEARCH_PATTERN_INVALID for what is none, and for one that matches nothing as well. */
export function readExpression(id: string, text: string, ignoreCase: boolean): Expression {
  if (text === '' || text.length > LONGEST_SOURCE) throw invalid(id, text, `it has 1 to ${LONGEST_SOURCE} characters`);
  // `^` and `$` are the borders of lines, as grep has them: bytes have no other begin.
  const flags = ignoreCase ? 'im' : 'm';
  try {
    const source = asBytes(text);
    if (new RegExp(source, flags).test('')) throw new SyntaxError('it matches nothing as well, which is everywhere');
    const anchors = anchorsOf(new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source).alternatives, flags);
    return { source, flags, anchors: anchors !== undefined && rateOf(anchors) < DENSE ? anchors : [] };
  } catch (cause) {
    throw invalid(id, text, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function invalid(id: string, text: string, why: string, cause?: unknown) {
  const shown = id === text || text === '' ? '' : ` (${text.length > 80 ? `${text.slice(0, 80)}…` : text})`;
  return forensicsError('ERR_SEARCH_PATTERN_INVALID', `the pattern ${id}${shown} cannot be searched with: ${why}`, {
    cause,
  });
}

/** What is not ASCII stands in memory as UTF-8. */
function asBytes(text: string): string {
  if (!/[^\x00-\x7f]/.test(text)) return text;
  const { alternatives } = new RegExpParser({ ecmaVersion: 2025 }).parsePattern(text);
  let source = '';
  let done = 0;
  const visit = (node: AST.Node): void => {
    if (node.type === 'Character' && !/[^\x00-\x7f]/.test(node.raw)) return;
    if (node.type === 'Character') {
      if (node.parent.type === 'CharacterClass' || node.parent.type === 'CharacterClassRange')
        throw new SyntaxError('a class holds single bytes, and this character has several in UTF-8');
      // A pair of surrogates comes as two characters; both go with the first.
      if (node.start < done) return;
      const character = String.fromCodePoint(text.codePointAt(node.start) ?? 0);
      source += text.slice(done, node.start) + bytesSource(Buffer.from(character));
      done = node.start + character.length;
    } else for (const child of childrenOf(node)) visit(child);
  };
  for (const alternative of alternatives) visit(alternative);
  return source + text.slice(done);
}

/** An expression that matches just these bytes, whatever follows it. */
export function bytesSource(bytes: Uint8Array): string {
  return `(?:${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')})`;
}

function childrenOf(node: AST.Node): readonly AST.Node[] {
  if ('alternatives' in node) return node.alternatives;
  if ('elements' in node) return node.elements as readonly AST.Node[];
  return node.type === 'Quantifier' ? [node.element] : [];
}
