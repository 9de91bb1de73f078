/** Reading a document against a schema: every value is checked, every key known, every fault says where it is. */
import { isObject } from './json.ts';

/** Makes a value of what was written at `where` (`images.mirrors[0].prefix`). Throws ConfigFault. */
export type Reader<T> = (value: unknown, where: string) => T;

/** What is wrong, and where. */
export class ConfigFault extends Error {}

export type Read<R> = R extends Reader<infer T> ? T : never;

export const text: Reader<string> = (value, where) => {
  if (typeof value === 'string' && value !== '') return value;
  throw new ConfigFault(`${where} is not a text`);
};

export const flag: Reader<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value;
  throw new ConfigFault(`${where} is neither true nor false`);
};

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): Reader<number> {
  return (value, where) => {
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw new ConfigFault(`${where} is not a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Reader<T> {
  return (value, where) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    throw new ConfigFault(`${where} is none of ${choices.join(', ')}`);
  };
}

export const absolutePath: Reader<string> = (value, where) => {
  const path = text(value, where);
  if (path.startsWith('/')) return path;
  throw new ConfigFault(`${where} is not an absolute path`);
};

export function list<T>(item: Reader<T>): Reader<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new ConfigFault(`${where} is not a list`);
    return value.map((each, index) => item(each, `${where}[${index}]`));
  };
}

interface GroupOptions {
  others?: 'refused' | 'ignored';
}

type Fields = Readonly<Record<string, Reader<unknown>>>;
type Values<F extends Fields> = { [K in keyof F]?: Read<F[K]> };

/** A key that must not stand there, with the reason. */
export function absent(reason: string): Reader<never> {
  return (_value, where) => {
    throw new ConfigFault(`${where} is not taken: ${reason}`);
  };
}

/** A mapping of any keys to values of one kind. */
export function mapping<T>(item: Reader<T>): Reader<Record<string, T>> {
  return (value, where) => {
    if (!isObject(value)) throw new ConfigFault(`${where || 'the file'} is no mapping`);
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, inner]) => [key, item(inner, where === '' ? key : `${where}.${key}`)]),
    );
  };
}

/**
 * A mapping whose keys may all be left out. A key that is not among `fields` is a fault that names those that are, unless
 * `others` are to be ignored, as in documents that somebody else defines.
 */
export function group<F extends Fields>(fields: F, { others = 'refused' }: GroupOptions = {}): Reader<Values<F>> {
  return (value, where) => {
    // YAML reads a key with nothing behind it as null: a section that is commented out.
    if (value === null || value === undefined) return {};
    if (!isObject(value)) throw new ConfigFault(`${where || 'the file'} is no mapping`);
    const found: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(value)) {
      const path = where === '' ? key : `${where}.${key}`;
      const reader = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (!reader && others === 'ignored') continue;
      if (!reader) throw new ConfigFault(`${path} is no known key; known here: ${Object.keys(fields).join(', ')}`);
      found[key] = reader(inner, path);
    }
    return found as Values<F>;
  };
}

/** A group in which `needed` keys must stand. */
export function groupWith<F extends Fields, K extends keyof F & string>(
  fields: F,
  ...needed: readonly K[]
): Reader<Values<F> & { [N in K]: Read<F[N]> }> {
  const read = group(fields);
  return (value, where) => {
    const found = read(value, where);
    for (const key of needed) if (found[key] === undefined) throw new ConfigFault(`${where} lacks ${key}`);
    return found as Values<F> & { [N in K]: Read<F[N]> };
  };
}
