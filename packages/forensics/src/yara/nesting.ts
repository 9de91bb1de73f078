/** How deep a rule nests: YARA-X drops one that is too deep for it without a word, and it would then never match. */

/** Levels that are let through; YARA-X gives up between one and one and a half thousand. */
export const DEEPEST_RULE = 250;

/** What holds no levels (comments, texts, expressions), what begins anew, what is one, and any other word or sign. */
const TOKEN =
  /\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"?|\/(?:\\.|[^/\\\n])+\/[is]*|(?<rule>\brule\b)|(?<open>[([{])|(?<close>[)\]}])|(?<before>\bnot\b|\bdefined\b|[-~])|\w+|\S/g;

/**
 * The first rule that nests deeper than DEEPEST_RULE, by the line (from 1) on which it does. A sign of division may hide what
 * follows it on its line, never more. Undefined where there is none.
 */
export function tooDeep(text: string): { line: number } | undefined {
  let brackets = 0;
  let signs = 0;
  for (const { groups = {}, index } of text.matchAll(TOKEN)) {
    signs = groups['before'] === undefined ? 0 : signs + 1;
    if (groups['rule'] !== undefined) brackets = 0;
    else if (groups['open'] !== undefined) brackets += 1;
    else if (groups['close'] !== undefined) brackets = Math.max(0, brackets - 1);
    if (brackets + signs > DEEPEST_RULE) return { line: text.slice(0, index).split('\n').length };
  }
  return undefined;
}
