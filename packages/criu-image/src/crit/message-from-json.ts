/** crit's JSON back to a message. */
import { messageOf } from '@stillframe/core';
import { deviceOf } from '../device-number.ts';
import { criuError } from '../errors.ts';
import { DEEPEST } from '../wire/read-message.ts';
import type { AnyMessage, Field, FieldType, Shape } from '../wire/shape.ts';
import { Wire } from '../wire/wire.ts';
import { addressWords } from './addresses.ts';
import { bytesOfBase64, isList, isObject, type JsonObject } from './json-text.ts';
import { UNKNOWN } from './message-to-json.ts';
import { bytesOfQuotedPrintable } from './quoted-printable.ts';
import { flagsOf, integerOf, valueOfName } from './value-names.ts';

const [U32, U64, I31, I63] = [1n << 32n, 1n << 64n, 1n << 31n, 1n << 63n];
/** Below the highest value and from the lowest on, for each type of integer. */
const RANGES: Readonly<Partial<Record<FieldType, readonly [low: bigint, above: bigint]>>> = {
  uint32: [0n, U32],
  fixed32: [0n, U32],
  uint64: [0n, U64],
  fixed64: [0n, U64],
  int32: [-I31, I31],
  sint32: [-I31, I31],
  int64: [-I63, I63],
  sint64: [-I63, I63],
};

/**
 * Plain and pretty JSON alike. `place` says where in the document this is. Throws ERR_CRIT_JSON_INVALID, also for a name
 * that the schema does not have: it would be lost.
 */
export function messageFromJson(shape: Shape, json: JsonObject, place: string): AnyMessage {
  const made = shape.create();
  for (const [name, value] of Object.entries(json)) {
    if (name === UNKNOWN) continue;
    const field = shape.fields.find((each) => each.name === name);
    const where = `${place}.${name}`;
    if (field === undefined) throw invalid(where, `a ${shape.typeName} has no such field`);
    made[field.localName] = field.isList ? listFrom(field, value, where) : valueFrom(field, value, where);
  }
  if (json[UNKNOWN] !== undefined) made['$unknown'] = unknownFrom(json[UNKNOWN], `${place}.${UNKNOWN}`);
  return made as unknown as AnyMessage;
}

/** The error of everything in this folder that reads JSON. */
export function invalid(place: string, message: string, cause?: unknown) {
  return criuError('ERR_CRIT_JSON_INVALID', `${place}: ${message}`, { cause });
}

function listFrom(field: Field, value: unknown, place: string): unknown[] {
  if (!isList(value)) throw invalid(place, 'should be a list');
  const [first] = value;
  if (field.style.ipadd && typeof first === 'string') {
    const words = value.length === 1 ? addressWords(first) : undefined;
    if (words === undefined) throw invalid(place, `${first} is no IP address`);
    return words;
  }
  return value.map((item, index) => valueFrom(field, item, `${place}[${index}]`));
}

function valueFrom(field: Field, value: unknown, place: string): unknown {
  if (field.type === 'message') {
    if (!isObject(value)) throw invalid(place, 'should be an object');
    return messageFromJson(field.shape, value, place);
  }
  if (field.names !== undefined) {
    const found = [...field.names].find(([number, name]) => name === value || number === value);
    if (found === undefined) throw invalid(place, `${field.typeName} has no such value`);
    return found[0];
  }
  if (field.type === 'bool') {
    if (typeof value === 'boolean' || value === 0 || value === 1) return Boolean(value);
    throw invalid(place, 'should be true or false');
  }
  if (field.type === 'string' || field.type === 'bytes') {
    if (typeof value !== 'string') throw invalid(place, 'should be text');
    return field.type === 'string' ? value : bytesFrom(field, value, place);
  }
  return integerFrom(field, value, place);
}

function bytesFrom(field: Field, text: string, place: string): Uint8Array {
  const quoted = field.style.conv === 'unix_name';
  const bytes = quoted ? bytesOfQuotedPrintable(text) : bytesOfBase64(text);
  if (bytes === undefined) throw invalid(place, `should be ${quoted ? 'quoted-printable' : 'base64'}`);
  return bytes;
}

function integerFrom(field: Field, value: unknown, place: string): number | bigint {
  const integer = typeof value === 'string' ? namedInteger(field, value) : plainInteger(value);
  const range = RANGES[field.type];
  if (range === undefined) throw invalid(place, 'is of a type that images do not have');
  if (integer === undefined) throw invalid(place, 'should be an integer');
  if (integer < range[0] || integer >= range[1]) throw invalid(place, `${integer} is out of range`);
  return range[1] > U32 ? integer : Number(integer);
}

function plainInteger(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function namedInteger(field: Field, text: string): bigint | undefined {
  const { dev, odev, flags, dict } = field.style;
  const special = dev
    ? deviceOf(text, odev === true)
    : flags
      ? flagsOf(text, flags)
      : dict
        ? valueOfName(dict, field.name, text)
        : undefined;
  return special ?? integerOf(text);
}

function unknownFrom(value: unknown, place: string): NonNullable<AnyMessage['$unknown']> {
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined;
  if (bytes === undefined) throw invalid(place, 'should be base64');
  const fields: NonNullable<AnyMessage['$unknown']> = [];
  try {
    for (const wire = new Wire(bytes); wire.position < bytes.length; ) {
      const tag = wire.tag();
      fields.push({ no: tag >>> 3, wireType: tag & 7, data: wire.skip(tag, DEEPEST) });
    }
  } catch (cause) {
    throw invalid(place, messageOf(cause), cause);
  }
  return fields;
}
