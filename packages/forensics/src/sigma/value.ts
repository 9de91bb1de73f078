/** One value of a selection with the modifiers of its field, as a test of what stands in the field. */
import { expressionTest } from './expression.ts';
import { networkTest } from './network.ts';
import { quoted, Unsupported } from './unsupported.ts';
import { isPlain, type Place, piecesOf, type TextTest, wildcardTest } from './wildcard.ts';

/** What stands in a field: none where it is not known; several where each is right. */
export type FieldValues = readonly string[];
export type ValueTest = (values: FieldValues) => boolean;

const PLACES: readonly string[] = ['contains', 'startswith', 'endswith'];
const KNOWN = new Set([...PLACES, 'all', 're', 'i', 'm', 's', 'cidr', 'base64', 'exists', 'windash', 'cased']);

/** Throws Unsupported for modifiers that are not known or do not go together. */
export function demandModifiers(modifiers: readonly string[]): void {
  for (const each of modifiers) if (!KNOWN.has(each)) throw new Unsupported(`modifier ${quoted(each)}`);
  const ways = modifiers.filter((each) => PLACES.includes(each) || /^(?:re|cidr|exists)$/.test(each));
  const withExpression = modifiers.includes('re');
  if (ways.length > 1) throw new Unsupported(`modifiers ${ways.join(' and ')} together`);
  if (!withExpression && modifiers.some((each) => /^[ims]$/.test(each)))
    throw new Unsupported('modifier i, m or s without re');
  if (modifiers.includes('base64') && /^(?:re|cidr|exists)$/.test(ways[0] ?? ''))
    throw new Unsupported(`modifiers base64 and ${ways[0]} together`);
}

/** `keyword`: the value may stand anywhere. Throws Unsupported. */
export function valueTest(value: unknown, modifiers: readonly string[], keyword: boolean): ValueTest {
  const has = (name: string) => modifiers.includes(name);
  if (has('exists')) {
    if (typeof value !== 'boolean') throw new Unsupported(`exists with ${quoted(value)}`);
    return (values) => values.length > 0 === value;
  }
  if (value === null) {
    if (modifiers.length > 0 || keyword) throw new Unsupported('null with a modifier or as a keyword');
    return (values) => values.every((each) => each === '');
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
    throw new Unsupported(`value ${quoted(value)}`);
  const test = textTest(String(value), modifiers, keyword);
  return (values) => values.some(test);
}

function textTest(value: string, modifiers: readonly string[], keyword: boolean): TextTest {
  const has = (name: string) => modifiers.includes(name);
  if (has('re')) return expressionTest(value, modifiers.filter((each) => /^[ims]$/.test(each)).join(''));
  if (has('cidr')) {
    const test = networkTest(value);
    if (!test) throw new Unsupported(`network ${quoted(value)}`);
    return test;
  }
  const named = PLACES.find(has) as Place | undefined;
  const place = named ?? (keyword ? 'contains' : 'whole');
  if (!has('base64')) return wildcardTest(value, place, has('cased'));
  if (!isPlain(value)) throw new Unsupported('wildcards in a value of base64');
  // Capitals matter in base64, whatever is said of the value.
  return wildcardTest(Buffer.from(piecesOf(value).join('')).toString('base64'), place, true);
}
