/** Selections of Sigma rules: maps (all fields), lists of maps (any), keywords (any). */
import { quoted, Unsupported } from './unsupported.ts';
import { demandModifiers, type FieldValues, type ValueTest, valueTest } from './value.ts';

/** What stands in the fields of one event, by their names. */
export type Fields = ReadonlyMap<string, FieldValues>;
export type Selection = (fields: Fields) => boolean;

const MOST_VALUES = 10_000;

/** Throws Unsupported. `known`: the names of fields that events of this category have. */
export function selectionOf(given: unknown, known: ReadonlySet<string>): Selection {
  if (Array.isArray(given)) {
    const parts = demandSome(given).map((each) => (isMap(each) ? mapSelection(each, known) : keywordSelection(each)));
    return (fields) => parts.some((part) => part(fields));
  }
  return isMap(given) ? mapSelection(given, known) : keywordSelection(given);
}

/** Whether `value` is a map of YAML. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function demandSome(values: readonly unknown[]): readonly unknown[] {
  if (values.length === 0) throw new Unsupported('list without values');
  if (values.length > MOST_VALUES) throw new Unsupported(`list of more than ${MOST_VALUES} values`);
  return values;
}

function mapSelection(map: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): Selection {
  const parts = Object.entries(map).map(([key, value]) => fieldSelection(key, value, known));
  if (parts.length === 0) throw new Unsupported('selection without fields');
  return (fields) => parts.every((part) => part(fields));
}

function keywordSelection(value: unknown): Selection {
  const test = valueTest(value, [], true);
  return (fields) => test([...fields.values()].flat());
}

function fieldSelection(key: string, value: unknown, known: ReadonlySet<string>): Selection {
  const [field = '', ...modifiers] = key.split('|');
  if (field !== '' && !known.has(field)) throw new Unsupported(`field ${quoted(field)}`);
  demandModifiers(modifiers);
  const values = Array.isArray(value) ? demandSome(value) : [value];
  const tests: readonly ValueTest[] = values.map((each) => valueTest(each, modifiers, field === ''));
  const all = modifiers.includes('all');
  return (fields) => {
    const found = field === '' ? [...fields.values()].flat() : (fields.get(field) ?? []);
    return all ? tests.every((test) => test(found)) : tests.some((test) => test(found));
  };
}
