/** Hexadecimal patterns as YARA writes them: `4d 5a ?? 4? [2-4] (aa | bb cc) ~00`. */
import { LONGEST_MATCH } from './bounds.ts';
import { type ByteSet, byteSet, bytesOf, maskedBytes } from './byte-set.ts';

/** Bytes in a row, or, where it has jumps or alternatives, an expression. */
export type HexPattern =
  | { readonly kind: 'row'; readonly sets: readonly ByteSet[] }
  | { readonly kind: 'expression'; readonly source: string };

type Token =
  | { readonly kind: 'byte'; readonly set: ByteSet }
  | { readonly kind: 'jump'; readonly least: number; readonly most: number }
  | { readonly kind: 'group'; readonly alternatives: readonly (readonly Token[])[] };

const LONGEST_DIGITS = 16384;
const DEEPEST = 8;
const TOKEN = /\s*(?:(~?)([0-9a-f?])([0-9a-f?])|\[\s*(\d{1,5})?\s*(-)?\s*(\d{1,5})?\s*\]|([(|)]))\s*/iy;

/** Reads hexadecimal digits. Throws SyntaxError for what is none, and for a pattern without any known digit. */
export function readHex(text: string): HexPattern {
  if (text.length > LONGEST_DIGITS) throw new SyntaxError(`it has more than ${LONGEST_DIGITS} characters`);
  const reader = { text: text.replace(/^\s*\{([^{}]*)\}\s*$/, '$1').trim(), at: 0 };
  const [tokens, ...others] = readGroup(reader, 0);
  if (reader.at < reader.text.length || tokens === undefined || others.length > 0) throw unreadable(reader);
  const isKnown = (token: Token): boolean =>
    token.kind === 'group'
      ? token.alternatives.every((each) => each.some(isKnown))
      : token.kind === 'byte' && bytesOf(token.set).length < 256;
  if (!tokens.some(isKnown)) throw new SyntaxError('one digit at least is known');
  if (tokens[0]?.kind === 'jump' || tokens.at(-1)?.kind === 'jump')
    throw new SyntaxError('a jump stands between bytes');
  const sets = tokens.map((token) => (token.kind === 'byte' ? token.set : undefined));
  if (sets.every((set) => set !== undefined)) return { kind: 'row', sets };
  return { kind: 'expression', source: sourceOf(tokens) };
}

interface Reader {
  readonly text: string;
  at: number;
}

/** Alternatives up to the closing parenthesis, or the end. */
function readGroup(reader: Reader, depth: number): Token[][] {
  if (depth > DEEPEST) throw new SyntaxError(`it has more than ${DEEPEST} parentheses within one another`);
  const alternatives: Token[][] = [[]];
  while (reader.at < reader.text.length) {
    TOKEN.lastIndex = reader.at;
    const found = TOKEN.exec(reader.text);
    if (found === null) throw unreadable(reader);
    if (found[7] === ')' && depth > 0) break;
    if (found[7] === ')' || (found[7] === '|' && depth === 0)) throw unreadable(reader);
    reader.at = TOKEN.lastIndex;
    if (found[7] === '|') alternatives.push([]);
    else alternatives.at(-1)?.push(found[7] === '(' ? readParentheses(reader, depth) : tokenOf(found));
  }
  if (alternatives.some((each) => each.length === 0)) throw new SyntaxError('there are no digits');
  return alternatives;
}

function readParentheses(reader: Reader, depth: number): Token {
  const alternatives = readGroup(reader, depth + 1);
  TOKEN.lastIndex = reader.at;
  if (TOKEN.exec(reader.text)?.[7] !== ')') throw new SyntaxError('a parenthesis is not closed');
  reader.at = TOKEN.lastIndex;
  return { kind: 'group', alternatives };
}

function tokenOf([, not, high, low, from, dash, to]: RegExpExecArray): Token {
  if (high !== undefined && low !== undefined) {
    const mask = (high === '?' ? 0 : 0xf0) | (low === '?' ? 0 : 0x0f);
    const value = Number.parseInt(`${high}${low}`.replaceAll('?', '0'), 16);
    const set = maskedBytes(mask, value);
    return { kind: 'byte', set: not ? byteSet((byte) => set[byte] !== 1) : set };
  }
  const least = Number(from ?? 0);
  const most = dash === undefined ? least : Number(to ?? LONGEST_MATCH);
  if ((from ?? to ?? dash) === undefined || most < least || most > LONGEST_MATCH)
    throw new SyntaxError(`a jump is [N], [N-M] or [N-] and at most ${LONGEST_MATCH}`);
  return { kind: 'jump', least, most };
}

function sourceOf(tokens: readonly Token[]): string {
  return tokens
    .map((token) => {
      if (token.kind === 'jump') return `[^]{${token.least},${token.most}}?`;
      if (token.kind === 'group') return `(?:${token.alternatives.map(sourceOf).join('|')})`;
      return classOf(token.set);
    })
    .join('');
}

function classOf(set: ByteSet): string {
  const bytes = bytesOf(set);
  if (bytes.length === 256) return '[^]';
  const digits = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`;
  return bytes.length === 1 ? bytes.map(digits).join('') : `[${bytes.map(digits).join('')}]`;
}

function unreadable({ text, at }: Reader): SyntaxError {
  const near = JSON.stringify(text.slice(at, at + 12));
  return new SyntaxError(`two digits a byte (? is any), [2-4] a jump, (aa|bb) alternatives; not ${near}`);
}
