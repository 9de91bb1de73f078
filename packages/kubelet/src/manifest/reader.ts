/** Reading a document against a schema that is data: every key known, every value checked, every fault with its path. */
import { harmless, isObject } from '@stillframe/core';

/** Makes a value of what stands at `path`; what is wrong is added to `faults` (`path: fact`), and undefined returned. */
export type Reader<T> = (value: unknown, path: string, faults: string[]) => T | undefined;

/** A field that a whole document always has: written, or by its default. */
export interface Present<T> {
  readonly read: Reader<T>;
  /** Undefined: it must be written. */
  readonly otherwise: (() => T) | undefined;
}

export type Shape = Readonly<Record<string, Reader<unknown> | Present<unknown>>>;

export type ValueOf<F> = F extends Present<infer T> ? T : F extends Reader<infer T> ? T : never;

type Values<S extends Shape> = {
  [K in keyof S as S[K] extends Present<unknown> ? K : never]: ValueOf<S[K]>;
} & { [K in keyof S as S[K] extends Present<unknown> ? never : K]?: ValueOf<S[K]> | undefined };

/** Faults after which the rest is not looked for. */
const MOST_FAULTS = 20;
/** Characters of a key that a fault repeats. */
const KEY = 60;

export function needed<T>(read: Reader<T>): Present<T> {
  return { read, otherwise: undefined };
}

export function withDefault<T>(read: Reader<T>, otherwise: NoInfer<T> | (() => NoInfer<T>)): Present<T> {
  return { read, otherwise: typeof otherwise === 'function' ? (otherwise as () => T) : () => otherwise };
}

/** Any text, the empty one too. */
export const text: Reader<string> = (value, path, faults) => {
  if (typeof value === 'string') return value;
  return fault(faults, path, 'must be a text');
};

export const flag: Reader<boolean> = (value, path, faults) => {
  if (typeof value === 'boolean') return value;
  return fault(faults, path, 'must be true or false');
};

export function whole(least: number, most: number): Reader<number> {
  return (value, path, faults) => {
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    return fault(faults, path, `must be a whole number from ${least} to ${most}`);
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Reader<T> {
  return (value, path, faults) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    return fault(faults, path, `must be one of ${choices.map((choice) => choice || '""').join(', ')}`);
  };
}

/** A text that `is` lets pass; `what`: as in "must be ...". */
export function matching(what: string, is: (text: string) => boolean): Reader<string> {
  return (value, path, faults) => {
    if (typeof value === 'string' && is(value)) return value;
    return fault(faults, path, `must be ${what}`);
  };
}

export const absolutePath = matching('an absolute path', (path) => path.startsWith('/') && !path.includes('\0'));

export function list<T>(item: Reader<T>, most = 1000): Reader<T[]> {
  return (value, path, faults) => {
    if (!Array.isArray(value)) return fault(faults, path, 'must be a list');
    if (value.length > most) return fault(faults, path, `must not have more than ${most} entries`);
    const items = value.map((each, index) => item(each, `${path}[${index}]`, faults));
    return items.filter((each) => each !== undefined);
  };
}

/** A mapping of `key` to texts. */
export function textMap(key: (name: string) => boolean, what: string, most = 1000): Reader<Record<string, string>> {
  return mapOf(text, key, what, most);
}

/** A mapping whose keys `key` lets pass; `what`: as in "is ...". */
export function mapOf<T>(
  read: Reader<T>,
  key: (name: string) => boolean,
  what: string,
  most = 1000,
): Reader<Record<string, T>> {
  return (value, path, faults) => {
    if (!isObject(value)) return fault(faults, path, 'must be a mapping');
    const entries = Object.entries(value);
    if (entries.length > most) return fault(faults, path, `must not have more than ${most} entries`);
    const found: [string, T][] = [];
    for (const [name, inner] of entries) {
      const at = `${path}[${shown(name)}]`;
      if (!key(name)) fault(faults, at, `is not ${what}`);
      const one = read(inner, at, faults);
      if (one !== undefined) found.push([name, one]);
    }
    return Object.fromEntries(found);
  };
}

/** A mapping with exactly the fields of a schema; null stands for a field left out, as in Kubernetes. */
export function shape<S extends Shape>(fields: S): Reader<Values<S>> {
  return (value, path, faults) => {
    if (!isObject(value)) return fault(faults, path, 'must be a mapping');
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) fault(faults, below(path, shown(key)), 'unknown field');
    }
    const found: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) {
      const inner = Object.hasOwn(value, key) ? value[key] : undefined;
      const read = typeof field === 'function' ? field : field.read;
      if (inner !== undefined && inner !== null) found[key] = read(inner, below(path, key), faults);
      else if (typeof field === 'function') continue;
      else if (field.otherwise) found[key] = field.otherwise();
      else fault(faults, below(path, key), 'must be given');
    }
    return found as Values<S>;
  };
}

/** A shape of which exactly one of `keys` is there: the kind of a volume, of a probe, of a hook. */
export function choice<S extends Shape>(fields: S, ...keys: readonly (keyof S & string)[]): Reader<Values<S>> {
  const read = shape(fields);
  return (value, path, faults) => {
    const found = read(value, path, faults);
    if (!isObject(value)) return found;
    const given = keys.filter((key) => value[key] !== undefined && value[key] !== null);
    if (given.length !== 1 && Object.keys(value).every((key) => Object.hasOwn(fields, key))) {
      return fault(faults, path, `must have exactly one of ${keys.join(', ')}`);
    }
    return found;
  };
}

/** A field of Kubernetes that one machine cannot honour. What says nothing (empty, or as `harmlessly` judges) passes. */
export function refused(why: string, harmlessly: (value: unknown) => boolean = () => false): Reader<undefined> {
  return (value, path, faults) => {
    const empty = value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
    if (empty || harmlessly(value)) return undefined;
    return fault(faults, path, `is not honoured here: ${why}`);
  };
}

/** A field that changes nothing on one machine, whatever it says. */
export const without: Reader<undefined> = () => undefined;

/** `read`, and then what `check` finds wrong; it is called only for a value that was read. */
export function checked<T>(read: Reader<T>, check: (value: T, path: string, add: AddFault) => void): Reader<T> {
  return (value, path, faults) => {
    const before = faults.length;
    const found = read(value, path, faults);
    if (found !== undefined && faults.length === before) check(found, path, (at, fact) => fault(faults, at, fact));
    return found;
  };
}

export type AddFault = (path: string, fact: string) => void;

function fault(faults: string[], path: string, fact: string): undefined {
  if (faults.length < MOST_FAULTS) faults.push(path === '' ? fact : `${path}: ${fact}`);
  return undefined;
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function shown(key: string): string {
  return harmless(key.length > KEY ? `${key.slice(0, KEY)}…` : key);
}
