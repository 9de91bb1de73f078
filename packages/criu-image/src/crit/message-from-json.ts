/** crit's JSON back to a message. */
import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { messageOf } from '@stillframe/core';
import { deviceOf } from '../device-number.ts';
import { criuError } from '../errors.ts';
import { addressWords } from './addresses.ts';
import { styleOf } from './field-style.ts';
import { bytesOfBase64, isList, isObject, type JsonObject } from './json-text.ts';
import { UNKNOWN } from './message-to-json.ts';
import { bytesOfQuotedPrintable } from './quoted-printable.ts';
import { flagsOf, integerOf, valueOfName } from './value-names.ts';

const [U32, U64, I31, I63] = [1n << 32n, 1n << 64n, 1n << 31n, 1n << 63n];
/** Below the highest value and from the lowest on, for each type of integer. */
const RANGES: Readonly<Partial<Record<ScalarType, readonly [low: bigint, above: bigint]>>> = {
  [ScalarType.UINT32]: [0n, U32],
  [ScalarType.FIXED32]: [0n, U32],
  [ScalarType.UINT64]: [0n, U64],
  [ScalarType.FIXED64]: [0n, U64],
  [ScalarType.INT32]: [-I31, I31],
  [ScalarType.SINT32]: [-I31, I31],
  [ScalarType.SFIXED32]: [-I31, I31],
  [ScalarType.INT64]: [-I63, I63],
  [ScalarType.SINT64]: [-I63, I63],
  [ScalarType.SFIXED64]: [-I63, I63],
};

/**
 * Plain and pretty JSON alike. `place` says where in the document this is. Throws ERR_CRIT_JSON_INVALID, also for a name
 * that the schema does not have: it would be lost.
 */
export function messageFromJson(schema: DescMessage, json: JsonObject, place: string): Message {
  const init: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === UNKNOWN) continue;
    const field = schema.fields.find((each) => each.name === name);
    const where = `${place}.${name}`;
    if (field === undefined) throw invalid(where, `a ${schema.typeName} has no such field`);
    init[field.localName] = field.fieldKind === 'list' ? listFrom(field, value, where) : valueFrom(field, value, where);
  }
  const message = create(schema, init);
  if (json[UNKNOWN] !== undefined) message.$unknown = unknownFrom(json[UNKNOWN], `${place}.${UNKNOWN}`);
  return message;
}

/** The error of everything in this folder that reads JSON. */
export function invalid(place: string, message: string, cause?: unknown) {
  return criuError('ERR_CRIT_JSON_INVALID', `${place}: ${message}`, { cause });
}

function listFrom(field: DescField, value: unknown, place: string): unknown[] {
  if (!isList(value)) throw invalid(place, 'should be a list');
  const [first] = value;
  if (styleOf(field).ipadd && typeof first === 'string') {
    const words = value.length === 1 ? addressWords(first) : undefined;
    if (words === undefined) throw invalid(place, `${first} is no IP address`);
    return words;
  }
  return value.map((item, index) => valueFrom(field, item, `${place}[${index}]`));
}

function valueFrom(field: DescField, value: unknown, place: string): unknown {
  if (field.message !== undefined) {
    if (!isObject(value)) throw invalid(place, 'should be an object');
    return messageFromJson(field.message, value, place);
  }
  if (field.enum !== undefined) {
    const found = field.enum.values.find(({ name, number }) => name === value || number === value);
    if (found === undefined) throw invalid(place, `${field.enum.typeName} has no such value`);
    return found.number;
  }
  if (field.scalar === ScalarType.BOOL) {
    if (typeof value === 'boolean' || value === 0 || value === 1) return Boolean(value);
    throw invalid(place, 'should be true or false');
  }
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) {
    if (typeof value !== 'string') throw invalid(place, 'should be text');
    return field.scalar === ScalarType.STRING ? value : bytesFrom(field, value, place);
  }
  return integerFrom(field, value, place);
}

function bytesFrom(field: DescField, text: string, place: string): Uint8Array {
  const quoted = styleOf(field).conv === 'unix_name';
  const bytes = quoted ? bytesOfQuotedPrintable(text) : bytesOfBase64(text);
  if (bytes === undefined) throw invalid(place, `should be ${quoted ? 'quoted-printable' : 'base64'}`);
  return bytes;
}

function integerFrom(field: DescField, value: unknown, place: string): number | bigint {
  const integer = typeof value === 'string' ? namedInteger(field, value) : plainInteger(value);
  const range = field.scalar === undefined ? undefined : RANGES[field.scalar];
  if (range === undefined) throw invalid(place, 'is of a type that images do not have');
  if (integer === undefined) throw invalid(place, 'should be an integer');
  if (integer < range[0] || integer >= range[1]) throw invalid(place, `${integer} is out of range`);
  return range[1] > U32 ? integer : Number(integer);
}

function plainInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function namedInteger(field: DescField, text: string): bigint | undefined {
  const { dev, odev, flags, dict } = styleOf(field);
  const special = dev
    ? deviceOf(text, odev === true)
    : flags
      ? flagsOf(text, flags)
      : dict
        ? valueOfName(dict, field.name, text)
        : undefined;
  return special ?? integerOf(text);
}

function unknownFrom(value: unknown, place: string): NonNullable<Message['$unknown']> {
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined;
  if (bytes === undefined) throw invalid(place, 'should be base64');
  const fields: NonNullable<Message['$unknown']> = [];
  try {
    for (const reader = new BinaryReader(bytes); reader.pos < reader.len; ) {
      const [no, wireType] = reader.tag();
      fields.push({ no, wireType, data: reader.skip(wireType, no) });
    }
  } catch (cause) {
    throw invalid(place, messageOf(cause), cause);
  }
  return fields;
}
