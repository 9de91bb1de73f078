/** JSON as Python's `json.dump` writes it: that is what crit's output looks like, byte for byte. */
import { type ByteSource, streamOf } from '@stillframe/core';

/** A value of crit's JSON. 64-bit integers are exact. */
export type Json = string | number | bigint | boolean | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Bytes that become one base64 text without ever being in memory as a whole. */
export class Base64 {
  readonly sources: readonly ByteSource[];
  constructor(sources: readonly ByteSource[]) {
    this.sources = sources;
  }
}

/** Python breaks base64 after 57 bytes, which are 76 characters, and ends it with a line break. */
const LINE = 57;
const COLUMNS = 76;
const CHUNK = LINE * 4096;
const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f', '\b': '\\b' },
};

const ODD = /["\\\u0000-\u001f\u0080-\uffff]/;

/** Text in quotation marks, ASCII only. */
export function quoted(text: string): string {
  if (!ODD.test(text)) return `"${text}"`;
  const escaped = text.replace(/["\\\u0000-\u001f\u0080-\uffff]/g, (unit) => {
    return SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** What stands around and between the members of a list or an object. */
export interface Separators {
  /** Before the first. */
  first: string;
  /** Before each other. */
  next: string;
  /** After the last. */
  end: string;
}

/** `depth`: how many lists and objects stand around this one; undefined for everything in one line. */
export function separatorsAt(depth: number | undefined): Separators {
  if (depth === undefined) return { first: '', next: ', ', end: '' };
  const inner = `\n${' '.repeat(4 * (depth + 1))}`;
  return { first: inner, next: `,${inner}`, end: `\n${' '.repeat(4 * depth)}` };
}

/** A whole value as text. `depth` as for separatorsAt. */
export function textOf(value: Json, depth: number | undefined): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  if (depth === undefined) return isList(value) ? listLine(value) : objectLine(value);
  const inner = depth + 1;
  const list = isList(value);
  const parts = list
    ? value.map((item) => textOf(item, inner))
    : Object.entries(value).map(([name, item]) => `${quoted(name)}: ${textOf(item, inner)}`);
  const [open, close] = list ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  const { first, next, end } = separatorsAt(depth);
  return `${open}${first}${parts.join(next)}${end}${close}`;
}

/** In one line, by which most JSON is written: put together as it goes, without a list of parts. */
function listLine(value: readonly Json[]): string {
  let text = '[';
  for (const item of value) text += text.length === 1 ? textOf(item, undefined) : `, ${textOf(item, undefined)}`;
  return `${text}]`;
}

function objectLine(value: JsonObject): string {
  let text = '{';
  for (const name in value) {
    const item = textOf(value[name] as Json, undefined);
    text += text.length === 1 ? `${quoted(name)}: ${item}` : `, ${quoted(name)}: ${item}`;
  }
  return `${text}}`;
}

/** Base64 as Python's `encodebytes` breaks it; `end` is what ends a line. */
export function base64Lines(bytes: Uint8Array, end = '\n'): string {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < plain.length; at += COLUMNS) lines.push(plain.slice(at, at + COLUMNS), end);
  return lines.join('');
}

/** The pieces of one quoted base64 text. Throws what the sources throw. */
export async function* base64Pieces({ sources }: Base64, signal: AbortSignal | undefined): AsyncGenerator<string> {
  yield '"';
  let rest: Uint8Array = new Uint8Array(0);
  for (const source of sources) {
    for await (const chunk of streamOf(source, { signal, chunkSize: CHUNK })) {
      const bytes = rest.length === 0 ? chunk : new Uint8Array(Buffer.concat([rest, chunk]));
      const whole = bytes.length - (bytes.length % LINE);
      yield base64Lines(bytes.subarray(0, whole), '\\n');
      rest = bytes.subarray(whole);
    }
  }
  yield `${base64Lines(rest, '\\n')}"`;
}

/** The bytes of a base64 text; undefined where it is none. White space is nothing, as crit has it. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  const plain = text.replace(/\s+/g, '');
  return /^[A-Za-z0-9+/]*={0,2}$/.test(plain) && plain.length % 4 === 0
    ? new Uint8Array(Buffer.from(plain, 'base64'))
    : undefined;
}

/** Narrows; Array.isArray does not for readonly lists. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether a parsed value is an object and no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
