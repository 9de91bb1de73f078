/** Runs regular expressions over parts of memory where they can be interrupted: a call alone cannot. */
import { type Context, createContext, Script } from 'node:vm';
import { LONGEST_MATCH, SIGHT } from './bounds.ts';

/** Milliseconds for one expression and block of memory; one that backtracks for ever is given up. */
const PATIENCE = 2000;

/** An expression was given up. A thread that searches loads as little as it can: the error of ours is made of it elsewhere. */
export class SlowExpression extends Error {
  override readonly name = 'SlowExpression';
}

/** A text, and where in it matches may begin. */
export interface Text {
  /** Bytes as Latin-1. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** What the context knows: one expression a pattern. */
export class ExpressionSearch {
  readonly #context: Context;
  readonly #names: readonly string[];

  /** Undefined stands for a pattern that has no expression. */
  constructor(
    patterns: readonly ({ readonly source: string; readonly flags: string } | undefined)[],
    names: readonly string[],
  ) {
    const expressions = patterns.map((each) => (each === undefined ? undefined : { ...each }));
    this.#names = names;
    this.#context = createContext({ expressions, longest: LONGEST_MATCH, sight: SIGHT, asked: undefined });
    PREPARE.runInContext(this.#context);
  }

  /**
   * Matches of pattern `index`: for each text in turn its number, where in it the match begins, and how long it is. Throws
   * SlowExpression.
   */
  find(index: number, texts: readonly Text[], most: number): Float64Array {
    this.#context['asked'] = { index, texts, most };
    try {
      const found: unknown = SEARCH.runInContext(this.#context, { timeout: PATIENCE });
      return Float64Array.from(found as ArrayLike<number>);
    } catch (cause) {
      throw new SlowExpression(
        `the pattern ${this.#names[index]} takes more than ${PATIENCE} ms for a part of memory`,
        { cause },
      );
    } finally {
      this.#context['asked'] = undefined;
    }
  }
}

/**
 * Empty matches, as of `\b`, are none. A match that is too long is what the expression finds where it sees no more than
 * `longest` bytes from its begin on.
 */
const PREPARE = new Script(`
const compiled = expressions.map((each) => each && {
  plain: new RegExp(each.source, each.flags + 'g'),
  sticky: new RegExp(each.source, each.flags + 'y'),
});
function cut(sticky, text, at) {
  const begin = Math.max(0, at - sight);
  sticky.lastIndex = at - begin;
  const match = sticky.exec(text.slice(begin, at + longest));
  return match === null ? 0 : match[0].length;
}
function search({ index, texts, most }) {
  const { plain, sticky } = compiled[index];
  const found = [];
  for (let i = 0; i < texts.length; i += 1) {
    const { text, from, to } = texts[i];
    plain.lastIndex = from;
    for (let match; found.length < 3 * most && (match = plain.exec(text)) !== null && match.index < to; ) {
      let length = match[0].length;
      if (length > longest) length = cut(sticky, text, match.index);
      if (length > 0) found.push(i, match.index, length);
      plain.lastIndex = match.index + Math.max(1, length);
    }
  }
  return found;
}`);
const SEARCH = new Script('search(asked)');
