/** Conditions of Sigma rules: `selection and not 1 of filter_*`. `not` binds before `and`, `and` before `or`. */
import { quoted, Unsupported } from './unsupported.ts';

/** `of`: how many of the selections that `names` stands for: a name that may hold `*`, or `them`. */
export type Condition =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'of'; readonly quantity: '1' | 'all'; readonly names: string }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] };

const LONGEST = 4096;
const DEEPEST = 64;
const TOKEN = /\s*(?:([()|])|([\w.*-]+)|(\S))/gy;
const KEYWORD = /^(?:and|or|not|of|them|near)$/i;

/** Throws Unsupported. */
export function parseCondition(text: string): Condition {
  if (text.length > LONGEST) throw new Unsupported(`condition of more than ${LONGEST} characters`);
  const parser = new ConditionParser(tokensOf(text.trim()));
  return parser.whole();
}

function tokensOf(text: string): readonly string[] {
  return Array.from(text.matchAll(TOKEN), ([, sign, word, other]) => {
    if (sign === '|') throw new Unsupported('aggregation in the condition (after |)');
    if (other !== undefined) throw new Unsupported(`character ${quoted(other)} in the condition`);
    if (word?.toLowerCase() === 'near') throw new Unsupported('near in the condition');
    return sign ?? word ?? '';
  });
}

class ConditionParser {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  whole(): Condition {
    const condition = this.#any();
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new Unsupported(`${quoted(left)} at this place of the condition`);
    return condition;
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #any(): Condition {
    return this.#joined('or', () => this.#joined('and', () => this.#single()));
  }

  #joined(kind: 'and' | 'or', next: () => Condition): Condition {
    const first = next();
    const parts = [first];
    while (this.#takes(kind)) parts.push(next());
    return parts.length === 1 ? first : { kind, parts };
  }

  #single(): Condition {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unsupported(`condition nested more than ${DEEPEST} deep`);
    const condition = this.#inner();
    this.#depth -= 1;
    return condition;
  }

  #inner(): Condition {
    if (this.#takes('not')) return { kind: 'not', part: this.#single() };
    if (this.#takes('(')) {
      const inner = this.#any();
      if (!this.#takes(')')) throw new Unsupported('condition in which a parenthesis is not closed');
      return inner;
    }
    const word = this.#tokens[this.#at];
    if (word === undefined) throw new Unsupported('condition that ends too early');
    this.#at += 1;
    if (this.#takes('of')) return this.#several(word.toLowerCase());
    if (!isName(word) || word.includes('*')) throw new Unsupported(`${quoted(word)} as a name in the condition`);
    return { kind: 'name', name: word };
  }

  #several(word: string): Condition {
    const quantity = word === 'any' ? '1' : word;
    if (quantity !== '1' && quantity !== 'all') throw new Unsupported(`${quoted(word)} of selections`);
    if (this.#takes('them')) return { kind: 'of', quantity, names: 'them' };
    const names = this.#tokens[this.#at];
    if (names === undefined || !isName(names)) throw new Unsupported(`${quantity} of ${quoted(names)}`);
    this.#at += 1;
    return { kind: 'of', quantity, names };
  }
}

function isName(word: string): boolean {
  return /^[\w.*-]+$/.test(word) && !KEYWORD.test(word);
}

/** Text that parseCondition gives the same for. */
export function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'name':
      return condition.name;
    case 'of':
      return `${condition.quantity} of ${condition.names}`;
    case 'not':
      return `not ${enclosed(condition.part)}`;
    default:
      return condition.parts.map(enclosed).join(` ${condition.kind} `);
  }
}

function enclosed(condition: Condition): string {
  const text = conditionText(condition);
  return condition.kind === 'and' || condition.kind === 'or' ? `(${text})` : text;
}

/** Names that `pattern` stands for; `them` is all but those that begin with `_`. Throws Unsupported where there is none. */
function namesOf(pattern: string, all: readonly string[]): readonly string[] {
  const pieces = pattern.split('*');
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (pieces.length > 2) throw new Unsupported(`several * in ${quoted(pattern)} of the condition`);
  const found =
    pattern === 'them'
      ? all.filter((name) => !name.startsWith('_'))
      : all.filter((name) =>
          pieces.length === 1
            ? name === pattern
            : name.length >= pattern.length - 1 && name.startsWith(first) && name.endsWith(last),
        );
  if (found.length === 0)
    throw new Unsupported(`condition that names ${quoted(pattern)}, which no selection is called`);
  return found;
}

/** What the condition says where `matches` tells of one selection. */
export function holds(condition: Condition, names: readonly string[], matches: (name: string) => boolean): boolean {
  switch (condition.kind) {
    case 'name':
      return matches(condition.name);
    case 'of': {
      const asked = namesOf(condition.names, names);
      return condition.quantity === 'all' ? asked.every(matches) : asked.some(matches);
    }
    case 'not':
      return !holds(condition.part, names, matches);
    case 'and':
      return condition.parts.every((part) => holds(part, names, matches));
    case 'or':
      return condition.parts.some((part) => holds(part, names, matches));
  }
}

/** Throws Unsupported where the condition names a selection that is not there. */
export function demandNames(condition: Condition, names: readonly string[]): void {
  if (condition.kind === 'name') namesOf(condition.name, names);
  else if (condition.kind === 'of') namesOf(condition.names, names);
  else if (condition.kind === 'not') demandNames(condition.part, names);
  else for (const part of condition.parts) demandNames(part, names);
}
