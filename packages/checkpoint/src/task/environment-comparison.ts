/** What became of each variable: between the start of a program and the dump, and beside what the container was given. */
import type { Environment } from './environment.ts';

/** One variable. A name that occurs twice counts once, as for getenv(3), which takes the first. */
export interface ComparedVariable {
  readonly name: string;
  /** `NAME=value` that holds now, or else where it was found; raw and possibly secret. */
  readonly text: string;
  /**
   * `kept`: as at the start; `changed`, `added`, `removed` since; `never`: the process was not started with it; `unknown`:
   * the vector could not be read, or the process has written over the texts.
   */
  readonly since: 'kept' | 'changed' | 'added' | 'removed' | 'unknown' | 'never';
  /**
   * Beside the specification of the container: the `same` value or an `other` one, `not` declared, declared and `missing`
   * here; `unknown` where the checkpoint has no specification, or what is here cannot be known.
   */
  readonly declared: 'same' | 'other' | 'not' | 'missing' | 'unknown';
}

/** The variables of one process. */
export interface EnvironmentComparison {
  /** All that were found, then those that were declared and not found. */
  readonly variables: readonly ComparedVariable[];
  /** The process has written something else over the texts it was started with, as for a title. */
  readonly overwritten: boolean;
}

/** `declared`: variables of the container's specification, undefined where the checkpoint has none. */
export function compareEnvironment(
  { block, vector }: Environment,
  declared: readonly string[] | undefined,
): EnvironmentComparison {
  const texts = block.state === 'present' ? block.values : [];
  const entries = vector.state === 'present' ? vector.entries : [];
  const overwritten =
    texts.some((text) => !isVariable(text)) ||
    entries.some(({ text, origin }) => origin === 'start' && text !== undefined && !isVariable(text));
  const known = vector.state === 'present' && vector.complete && !overwritten;
  const start = byName(texts);
  const now = byName(entries.flatMap(({ text }) => text ?? []));
  const given = declared && byName(declared);
  const variables: ComparedVariable[] = [];
  for (const name of new Set([...now.keys(), ...start.keys()])) {
    const [before, after] = [start.get(name), now.get(name)];
    const text = after ?? before ?? '';
    variables.push({
      name,
      text,
      since: known ? sinceOf(before, after) : 'unknown',
      declared: beside(given, name, text),
    });
  }
  for (const [name, text] of given ?? []) {
    if (!start.has(name) && !now.has(name))
      variables.push({ name, text, since: known ? 'never' : 'unknown', declared: known ? 'missing' : 'unknown' });
  }
  return { variables, overwritten };
}

function sinceOf(before: string | undefined, after: string | undefined): ComparedVariable['since'] {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  return before === after ? 'kept' : 'changed';
}

function beside(
  given: ReadonlyMap<string, string> | undefined,
  name: string,
  text: string,
): ComparedVariable['declared'] {
  if (!given) return 'unknown';
  const declared = given.get(name);
  return declared === undefined ? 'not' : declared === text ? 'same' : 'other';
}

function byName(texts: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const text of texts) {
    const name = text.slice(0, text.indexOf('=', 1));
    if (isVariable(text) && !variables.has(name)) variables.set(name, text);
  }
  return variables;
}

/** A name has one character at least. */
function isVariable(text: string): boolean {
  return text.indexOf('=', 1) > 0;
}
