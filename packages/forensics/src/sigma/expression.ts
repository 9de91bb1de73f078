/** Regular expressions of Sigma rules (PCRE) as those of JavaScript, where both mean the same. */
import { quoted, Unsupported } from './unsupported.ts';
import type { TextTest } from './wildcard.ts';

const LONGEST = 1024;
/** Letters after a backslash that mean the same in both. */
const SAME = /^[bBdDsSwWfnrtv\d]$/;

/** `flags` of i, m and s. Throws Unsupported for what is no expression, is too long, or means something else in PCRE. */
export function expressionTest(source: string, flags: string): TextTest {
  if (source.length > LONGEST) throw new Unsupported(`regular expression of more than ${LONGEST} characters`);
  const [start = '', inline = ''] = /^\(\?([ims]+)\)/.exec(source) ?? [];
  const rest = source.slice(start.length);
  for (const [sequence, letter = ''] of rest.matchAll(/\\([\s\S])/g)) {
    if (!/[A-Za-z\d]/.test(letter) || SAME.test(letter)) continue;
    if (letter === 'x' && !/\\x(?![\da-f]{2})/i.test(rest)) continue;
    throw new Unsupported(`${quoted(sequence)} in a regular expression`);
  }
  if (/\[\[?:\w/.test(rest)) throw new Unsupported('named character classes in a regular expression');
  try {
    const expression = new RegExp(rest, [...new Set(flags + inline)].join(''));
    return (text) => expression.test(text);
  } catch {
    throw new Unsupported(`regular expression ${quoted(source)}, which is none of JavaScript`);
  }
}
