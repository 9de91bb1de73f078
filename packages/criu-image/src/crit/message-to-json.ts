/** A message as crit's JSON has it. */
import { type DescField, type DescMessage, isFieldSet, type Message, ScalarType } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { deviceText } from '../device-number.ts';
import { addressText } from './addresses.ts';
import { type FieldStyle, styleOf } from './field-style.ts';
import { base64Lines, type Json, type JsonObject } from './json-text.ts';
import { quotedPrintable } from './quoted-printable.ts';
import { flagsText, nameOfValue } from './value-names.ts';

/** Name under which exact JSON keeps the fields that the schema does not know: base64 of how they are on the wire. */
export const UNKNOWN = 'unknown fields';

export interface JsonStyle {
  /** Numbers as they are best read: base 16, addresses, names of flags. */
  pretty?: boolean | undefined;
  /** Also what crit leaves out: unknown fields and padding. */
  exact?: boolean | undefined;
  /** Called for each message of which something is left out, because `exact` is not asked for. */
  onLoss?: (() => void) | undefined;
}

/** `hex`: the field that holds the message is shown in base 16, and with it all numbers below. */
export function messageToJson(schema: DescMessage, message: Message, style: JsonStyle, hex = false): JsonObject {
  const json: Record<string, Json> = {};
  for (const field of fieldsOf(schema)) {
    if (!isFieldSet(message, field)) continue;
    const value = (message as unknown as Record<string, unknown>)[field.localName];
    json[field.name] = valueToJson(field, value, style, hex);
  }
  if (message.$unknown === undefined || message.$unknown.length === 0) return json;
  if (style.exact) json[UNKNOWN] = unknownText(message);
  else style.onLoss?.();
  return json;
}

const ordered = new WeakMap<DescMessage, readonly DescField[]>();

/** By number, as Python lists them. */
function fieldsOf(schema: DescMessage): readonly DescField[] {
  let fields = ordered.get(schema);
  if (fields === undefined) {
    fields = schema.fields.toSorted((a, b) => a.number - b.number);
    ordered.set(schema, fields);
  }
  return fields;
}

function valueToJson(field: DescField, value: unknown, style: JsonStyle, outerHex: boolean): Json {
  const options = styleOf(field);
  const hex = outerHex || options.hex === true;
  if (field.fieldKind === 'list') {
    const list = value as readonly unknown[];
    const address = style.pretty && options.ipadd ? addressText(list as number[]) : undefined;
    return address === undefined ? list.map((item) => itemToJson(field, item, style, options, hex)) : [address];
  }
  return itemToJson(field, value, style, options, hex);
}

function itemToJson(
  field: DescField,
  value: unknown,
  style: JsonStyle,
  options: Partial<FieldStyle>,
  hex: boolean,
): Json {
  if (field.message !== undefined) return messageToJson(field.message, value as Message, style, hex);
  if (field.enum !== undefined) return field.enum.value[value as number]?.name ?? (value as number);
  if (field.scalar === ScalarType.BYTES) {
    return options.conv === 'unix_name' ? quotedPrintable(value as Uint8Array) : base64Lines(value as Uint8Array);
  }
  if (typeof value === 'boolean' || typeof value === 'string' || !style.pretty) return value as Json;
  return prettyNumber(field, value as number | bigint, options, hex);
}

/** The first of base 16, device, flags, name that the field asks for. Negative numbers in base 16 are crit's `0x-1`. */
function prettyNumber(field: DescField, value: number | bigint, options: Partial<FieldStyle>, hex: boolean): Json {
  if (hex) return `0x${value.toString(16)}`;
  if (options.dev) return deviceText(BigInt(value), options.odev === true);
  if (options.flags) return flagsText(BigInt(value), options.flags);
  if (options.dict) return nameOfValue(options.dict, field.name, BigInt(value)) ?? value;
  return value;
}

function unknownText(message: Message): string {
  const writer = new BinaryWriter();
  for (const { no, wireType, data } of message.$unknown ?? []) writer.tag(no, wireType).raw(data);
  return base64Lines(writer.finish());
}
