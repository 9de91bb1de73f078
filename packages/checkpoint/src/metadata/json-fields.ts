/** JSON documents of an archive, read leniently: what has the wrong type is absent, with a diagnostic, and the rest stands. */
import {
  type ByteSource,
  type Diagnostics,
  isObject,
  limits,
  messageOf,
  nestsDeeper,
  type ReadOptions,
  readAll,
} from '@stillframe/core';
import { checkpointError } from '../errors.ts';

/**
 * Parses a JSON document of at most `limits.json` bytes. Throws ERR_METADATA_INVALID naming `label` where it is longer
 * or no JSON; the content is never quoted, it may hold secrets.
 */
export async function readJson(source: ByteSource, label: string, options: ReadOptions = {}): Promise<unknown> {
  if (source.size > limits.json) {
    const message = `${label} has ${source.size} bytes, at most ${limits.json} are read`;
    throw checkpointError('ERR_METADATA_INVALID', message, { details: { entry: label } });
  }
  return parseJson(await readAll(source, { ...options, limit: limits.json }), label);
}

/** As readJson, of bytes in memory. Invalid UTF-8 becomes U+FFFD: names of files need not be valid. */
export function parseJson(bytes: Uint8Array, label: string): unknown {
  if (nestsDeeper(bytes, DEEPEST)) {
    throw checkpointError('ERR_METADATA_INVALID', `${label} nests deeper than ${DEEPEST} levels`, {
      details: { entry: label },
    });
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    // V8 quotes the document in its message, so the cause is only named.
    const name = messageOf(cause).includes('end of JSON') ? 'ends too early' : 'is not JSON';
    throw checkpointError('ERR_METADATA_INVALID', `${label} ${name}`, { details: { entry: label } });
  }
}

/** Levels of a document that are still believed; an OCI specification has about seven. */
const DEEPEST = 100;

/** An object of a document; every accessor gives undefined for what is absent or null, and notes what has a wrong type. */
export class JsonFields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #diagnostics: Diagnostics;

  /** `where` is the document's entry name and the path inside it. A value that is no object reads as an empty one. */
  constructor(value: unknown, where: string, diagnostics: Diagnostics) {
    this.#where = where;
    this.#diagnostics = diagnostics;
    this.#object = isObject(value) ? value : {};
    if (!isObject(value) && value !== undefined && value !== null) this.#wrong('', 'an object');
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
  }

  text(name: string): string | undefined {
    return this.#typed(name, 'text', (value) => (typeof value === 'string' ? value : undefined));
  }

  /** Text that is not empty. */
  filled(name: string): string | undefined {
    return this.text(name) || undefined;
  }

  truth(name: string): boolean | undefined {
    return this.#typed(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  /** An integer within 2^53. */
  integer(name: string): number | undefined {
    return this.#typed(name, 'an integer', (value) => (Number.isSafeInteger(value) ? (value as number) : undefined));
  }

  /** A list; empty where it is absent. */
  list(name: string): readonly unknown[] {
    return this.#typed(name, 'a list', (value) => (Array.isArray(value) ? (value as unknown[]) : undefined)) ?? [];
  }

  /** The texts of a list; other items are left out. */
  texts(name: string): readonly string[] {
    const items = this.list(name);
    const texts = items.filter((item) => typeof item === 'string');
    if (texts.length !== items.length) this.#wrong(name, 'a list of texts');
    return texts;
  }

  object(name: string): JsonFields {
    return new JsonFields(this.raw(name), `${this.#where}:${name}`, this.#diagnostics);
  }

  /** The objects of a list. */
  objects(name: string): readonly JsonFields[] {
    return this.list(name).map((item, i) => new JsonFields(item, `${this.#where}:${name}[${i}]`, this.#diagnostics));
  }

  /** A map of texts; others are left out. */
  textMap(name: string): ReadonlyMap<string, string> {
    const value = this.raw(name);
    if (value === undefined || value === null) return new Map();
    if (!isObject(value)) {
      this.#wrong(name, 'a map');
      return new Map();
    }
    return textEntries(value);
  }

  #typed<T>(name: string, what: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.raw(name);
    if (value === undefined || value === null) return undefined;
    const result = read(value);
    if (result === undefined) this.#wrong(name, what);
    return result;
  }

  #wrong(name: string, expected: string): void {
    const message = `${name === '' ? 'the document' : name} is not ${expected}`;
    this.#diagnostics.add({ id: 'metadata-field-invalid', severity: 'warning', source: this.#where, message });
  }
}

/** The members of an object that are texts. A Map, so that a key such as `__proto__` is only a key. */
export function textEntries(value: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const [key, item] of Object.entries(value)) if (typeof item === 'string') result.set(key, item);
  return result;
}
