/** What every match of an expression holds, read off its syntax: rows of bytes, each of a set, and where in the match. */
import type { AST } from '@eslint-community/regexpp';
import { type Anchor, rateOf } from './anchor.ts';
import { type ByteSet, byteSet, eitherCase, oneByte } from './byte-set.ts';

/** Bytes of an anchor at most: more make it no rarer. */
const LONGEST_ANCHOR = 64;
/** Choices that are kept of one sequence. */
const CHOICES = 16;

/** What is known of a part of an expression. */
interface Reading {
  /** Bytes that it matches. */
  readonly least: number;
  readonly most: number;
  /** What may be looked for in its place: each a list of which one stands in every match. */
  readonly choices: readonly (readonly Anchor[])[];
  /** The sets of all its bytes in a row, where it always is so many. */
  readonly fixed: readonly ByteSet[] | undefined;
}

/** The rarest anchors of which one stands in every match; undefined where there are none. */
export function anchorsOf(alternatives: readonly AST.Alternative[], flags: string): readonly Anchor[] | undefined {
  return rarest(readAlternatives(alternatives, flags).choices);
}

function rarest(choices: readonly (readonly Anchor[])[]): readonly Anchor[] | undefined {
  return choices.reduce<readonly Anchor[] | undefined>(
    (best, each) => (best === undefined || rateOf(each) < rateOf(best) ? each : best),
    undefined,
  );
}

function readAlternatives(alternatives: readonly AST.Alternative[], flags: string): Reading {
  const read = alternatives.map(({ elements }) => readSequence(elements, flags));
  const [only] = read;
  if (only !== undefined && read.length === 1) return only;
  const best = read.map(({ choices }) => rarest(choices)).filter((choice) => choice !== undefined);
  return {
    least: Math.min(...read.map(({ least }) => least)),
    most: Math.max(...read.map(({ most }) => most)),
    choices: best.length === read.length ? [best.flat()] : [],
    fixed: undefined,
  };
}

function readSequence(elements: readonly AST.Element[], flags: string): Reading {
  const sequence = new Sequence();
  for (const element of elements) addElement(sequence, element, flags);
  return sequence.reading();
}

function addElement(sequence: Sequence, element: AST.Element, flags: string): void {
  switch (element.type) {
    case 'Assertion':
      return;
    case 'Backreference':
      sequence.skip(0, Number.POSITIVE_INFINITY);
      return;
    case 'Group':
    case 'CapturingGroup':
      // Modifiers such as (?i:…) change what is inside: it is not looked into.
      if ('modifiers' in element && element.modifiers) sequence.skip(0, Number.POSITIVE_INFINITY);
      else sequence.add(readAlternatives(element.alternatives, flags));
      return;
    case 'Quantifier': {
      const inner = readSequence([element.element], flags);
      const whole = inner.fixed === undefined ? 1 : Math.max(1, Math.floor(LONGEST_ANCHOR / inner.fixed.length));
      const times = Math.min(element.min, whole);
      for (let time = 0; time < times; time += 1) sequence.add(inner);
      sequence.skip(inner.least * (element.min - times), product(inner.most, element.max - times));
      return;
    }
    default:
      sequence.add(readCharacter(element, flags));
  }
}

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

/** One byte; where that is not plain the engine itself says which. */
function readCharacter(
  node: AST.Character | AST.CharacterClass | AST.CharacterSet | AST.ExpressionCharacterClass,
  flags: string,
): Reading {
  const set = node.type === 'Character' && node.value < 0x80 ? plainSet(node.value, flags) : testedSet(node.raw, flags);
  const anchor = { sets: [set], before: { least: 0, most: 0 } };
  return { least: 1, most: 1, choices: [[anchor]], fixed: [set] };
}

function plainSet(byte: number, flags: string): ByteSet {
  return flags.includes('i') ? eitherCase(byte) : oneByte(byte);
}

/** Sets of classes such as `[a-z]`: the same few stand in most expressions. */
const tested = new Map<string, ByteSet>();
const MOST_TESTED = 1000;

function testedSet(raw: string, flags: string): ByteSet {
  const key = `${flags} ${raw}`;
  const known = tested.get(key);
  if (known) return known;
  const expression = new RegExp(`^(?:${raw})$`, flags.replace('m', ''));
  const set = byteSet((byte) => expression.test(String.fromCharCode(byte)));
  if (tested.size < MOST_TESTED) tested.set(key, set);
  return set;
}

/** Parts one behind the other. */
class Sequence {
  #least = 0;
  #most = 0;
  #choices: (readonly Anchor[])[] = [];
  /** What stands in a row right now, and how far from the begin it does. */
  #row: ByteSet[] = [];
  #before = { least: 0, most: 0 };
  #fixed: ByteSet[] | undefined = [];

  add(part: Reading): void {
    if (part.fixed === undefined) this.#addVarying(part);
    else for (const set of part.fixed) this.#addByte(set);
  }

  /** `least` to `most` bytes of which nothing is known. */
  skip(least: number, most: number): void {
    if (most === 0) return;
    this.#least += least;
    this.#most += most;
    this.#fixed = undefined;
    this.#endRow();
  }

  reading(): Reading {
    const [least, most, fixed] = [this.#least, this.#most, this.#fixed];
    this.#endRow();
    return { least, most, choices: this.#choices, fixed };
  }

  #addByte(set: ByteSet): void {
    if (this.#row.length >= LONGEST_ANCHOR) this.#endRow();
    this.#row.push(set);
    this.#least += 1;
    this.#most += 1;
    if (this.#fixed !== undefined && this.#fixed.length < LONGEST_ANCHOR) this.#fixed.push(set);
    else this.#fixed = undefined;
  }

  #addVarying({ least, most, choices }: Reading): void {
    const moved = ({ sets, before }: Anchor): Anchor => ({
      sets,
      before: { least: before.least + this.#least, most: before.most + this.#most },
    });
    for (const choice of choices) this.#choose(choice.map(moved));
    this.#least += least;
    this.#most += most;
    this.#fixed = undefined;
    this.#endRow();
  }

  #endRow(): void {
    if (this.#row.length > 0) this.#choose([{ sets: this.#row, before: this.#before }]);
    this.#row = [];
    this.#before = { least: this.#least, most: this.#most };
  }

  #choose(choice: readonly Anchor[]): void {
    this.#choices.push(choice);
    if (this.#choices.length > CHOICES) this.#choices = [rarest(this.#choices) ?? choice];
  }
}
