/** JSON documents of unknown origin: bounded before parsing, read field by field with the place of a fault in the error. */
import { type Digest, isDigest, isObject, type JsonObject, limits, nestsDeeper } from '@stillframe/core';
import { ociError } from './errors.ts';

/** No OCI document nests deeper than about ten; code that walks a document recursively relies on this bound. */
const MAX_DEPTH = 64;

/**
 * Parses UTF-8 bytes as one JSON object. `what` names the document in errors.
 * Throws ERR_OCI_DOCUMENT_TOO_LARGE above `limit` bytes and ERR_OCI_DOCUMENT_INVALID for anything but an object of at
 * most 64 levels. No error quotes the document, which may hold secrets.
 */
export function decodeObject(bytes: Uint8Array, what: string, limit: number = limits.manifest): JsonObject {
  if (bytes.length > limit) {
    throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `${what} has ${bytes.length} bytes, at most ${limit} are read`);
  }
  if (nestsDeeper(bytes, MAX_DEPTH)) throw invalid(what, `nests deeper than ${MAX_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw invalid(what, 'is not JSON in UTF-8');
  }
  if (!isObject(value)) throw invalid(what, 'is not a JSON object');
  return value;
}

/** A name that one object of sound JSON has twice: readers differ in which of the two counts. */
export function repeatedMember(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const names = open.at(-1);
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ',' && names && isName) {
      const name: unknown = JSON.parse(token);
      if (typeof name !== 'string') continue;
      if (names.has(name)) return name;
      names.add(name);
    }
    isName = token === '{' || token === ',';
  }
  return undefined;
}

/**
 * Canonical JSON: keys sorted by UTF-16 code unit, no white space, `undefined` members left out. Equal values give equal
 * bytes, hence equal digests. Values must be plain data of at most 64 levels.
 */
export function encodeCanonical(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(sorted(value)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  // A null prototype keeps a member called __proto__ an ordinary one.
  const result: Record<string, unknown> = Object.create(null);
  for (const name of names) result[name] = sorted(value[name]);
  return result;
}

/** Typed access to the members of one object; every method throws ERR_OCI_DOCUMENT_INVALID naming the member. */
export class Fields {
  readonly #object: JsonObject;
  readonly #where: string;

  /** `where` is the path to this object, as errors show it. Throws where `value` is no object. */
  constructor(value: unknown, where: string) {
    if (!isObject(value)) throw invalid(where, 'is not an object');
    this.#object = value;
    this.#where = where;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name) && this.#object[name] !== null;
  }

  /** The path of a member, for errors. */
  at(name: string): string {
    return `${this.#where}.${name}`;
  }

  raw(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }

  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string') throw invalid(this.at(name), 'is not a string');
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** A count of bytes: an integer from 0 to 2^53-1. */
  size(name: string): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw invalid(this.at(name), 'is not a size in bytes');
    }
    return value;
  }

  digest(name: string): Digest {
    const value = this.text(name);
    if (!isDigest(value)) throw invalid(this.at(name), 'is not a sha256 digest');
    return value;
  }

  list<T>(name: string, item: (value: unknown, where: string) => T): readonly T[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) throw invalid(this.at(name), 'is not a list');
    return value.map((entry, index) => item(entry, `${this.at(name)}[${index}]`));
  }

  optionalList<T>(name: string, item: (value: unknown, where: string) => T): readonly T[] | undefined {
    return this.has(name) ? this.list(name, item) : undefined;
  }

  optional<T>(name: string, item: (value: unknown, where: string) => T): T | undefined {
    return this.has(name) ? item(this.#object[name], this.at(name)) : undefined;
  }
}

/** For Fields: a list item or member that is a string. */
export function asText(value: unknown, where: string): string {
  if (typeof value !== 'string') throw invalid(where, 'is not a string');
  return value;
}

/** For Fields: a map of strings, such as annotations or labels. */
export function asTextMap(value: unknown, where: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw invalid(where, 'is not an object');
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, asText(text, `${where}.${name}`)]));
}

/** An ERR_OCI_DOCUMENT_INVALID saying that what stands at `where` breaks the rule `fault`. */
export function invalid(where: string, fault: string) {
  return ociError('ERR_OCI_DOCUMENT_INVALID', `${where.slice(0, 200)} ${fault}`, { details: { where } });
}

/** Drops members that are undefined, so that optional ones are absent. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const kept = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: Exclude<T[K], undefined> };
}
