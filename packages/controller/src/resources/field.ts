/**
 * A field of a custom resource, said once: as structural OpenAPI schema for the API server, and as reader for the controller. Readers
 * judge again, since objects may be older than the schema that stands in the cluster.
 */
import type { JsonObject } from '@stillframe/core';
import { ConfigFault, group, list, mapping, oneOf, type Read, type Reader, whole } from '@stillframe/core/schema';

export interface Field<T> {
  readonly schema: JsonObject;
  readonly read: Reader<T>;
}

type FieldValue<F> = F extends Field<infer T> ? T : never;
type Fields = Readonly<Record<string, Field<unknown>>>;
type Values<R extends Fields, O extends Fields> = { readonly [K in keyof R]: FieldValue<R[K]> } & {
  readonly [K in keyof O]?: FieldValue<O[K]> | undefined;
};

interface TextRules {
  /** Anchored at both ends. */
  pattern?: string;
  /** Characters, at most. */
  most: number;
  format?: 'date-time';
}

export function text(description: string, { pattern, most, format }: TextRules): Field<string> {
  const form = pattern === undefined ? undefined : new RegExp(pattern);
  const rules = { ...(pattern === undefined ? {} : { pattern }), ...(format === undefined ? {} : { format }) };
  return {
    schema: { type: 'string', description, ...(format === undefined ? { maxLength: most } : {}), ...rules },
    read: (value, where) => {
      if (typeof value !== 'string') throw new ConfigFault(`${where} is not a text`);
      if (value.length > most || form?.test(value) === false) throw new ConfigFault(`${where} is not of its form`);
      if (format !== undefined && Number.isNaN(Date.parse(value))) throw new ConfigFault(`${where} is no time`);
      return value;
    },
  };
}

/** A time of RFC 3339. */
export const time = (description: string): Field<string> => text(description, { most: 40, format: 'date-time' });

const MILLISECONDS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `15m`, `72h`, `30d`; milliseconds for the controller. */
export function duration(description: string): Field<number> {
  const form = text(`${description} A number with s, m, h or d behind it.`, {
    pattern: '^[1-9][0-9]{0,5}[smhd]$',
    most: 7,
  });
  return {
    schema: form.schema,
    read: (value, where) => {
      const said = form.read(value, where);
      return Number(said.slice(0, -1)) * (MILLISECONDS[said.slice(-1)] ?? 0);
    },
  };
}

export function number(description: string, least: number, most: number, fallback?: number): Field<number> {
  const range = { minimum: least, maximum: most, ...(fallback === undefined ? {} : { default: fallback }) };
  const format = most > 2 ** 31 - 1 ? 'int64' : 'int32';
  return { schema: { type: 'integer', format, description, ...range }, read: whole(least, most) };
}

export function flag(description: string): Field<boolean> {
  return {
    schema: { type: 'boolean', description },
    read: (value, where) => {
      if (typeof value === 'boolean') return value;
      throw new ConfigFault(`${where} is neither true nor false`);
    },
  };
}

export function choice<const T extends string>(description: string, values: readonly T[], fallback?: T): Field<T> {
  const rest = fallback === undefined ? {} : { default: fallback };
  return { schema: { type: 'string', description, enum: values, ...rest }, read: oneOf(...values) };
}

interface ListRules {
  most: number;
  /** The key by which items are told apart. */
  key?: string;
}

export function listOf<T>(description: string, item: Field<T>, { most, key }: ListRules): Field<readonly T[]> {
  const keys = key === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] };
  const read = list(item.read);
  return {
    schema: { type: 'array', description, maxItems: most, items: item.schema, ...keys },
    read: (value, where) => {
      if (Array.isArray(value) && value.length > most) throw new ConfigFault(`${where} has more than ${most}`);
      return read(value, where);
    },
  };
}

/** Texts by any key, as labels are. */
export function texts(
  description: string,
  value: Field<string>,
  most: number,
): Field<Readonly<Record<string, string>>> {
  return {
    schema: { type: 'object', description, additionalProperties: value.schema, maxProperties: most },
    read: mapping(value.read),
  };
}

/** `rule`: CEL over the object. */
export interface Validation {
  readonly rule: string;
  readonly message: string;
}

/** An object; fields that are not known are left out, as the API server leaves them out. */
export function object<R extends Fields, O extends Fields>(
  description: string,
  required: R,
  optional: O,
  validations: readonly Validation[] = [],
): Field<Values<R, O>> {
  const fields: Fields = { ...required, ...optional };
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.schema]));
  const readers = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.read]));
  const read = group(readers, { others: 'ignored' });
  const needed = Object.keys(required);
  return {
    schema: {
      ...{ type: 'object', description, properties },
      ...(needed.length > 0 ? { required: needed } : {}),
      ...(validations.length > 0 ? { 'x-kubernetes-validations': validations } : {}),
    },
    read: (value, where) => {
      const found = read(value, where);
      const lacking = needed.find((name) => found[name] === undefined);
      if (lacking !== undefined) throw new ConfigFault(`${where} lacks ${lacking}`);
      return found as Values<R, O>;
    },
  };
}

export type Of<F> = F extends Field<infer T> ? T : Read<never>;
