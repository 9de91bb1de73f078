/** A message as crit's JSON has it. */
import { deviceText } from '../device-number.ts';
import type { AnyMessage, Field, Shape } from '../wire/shape.ts';
import { tagBytes } from '../wire/wire.ts';
import { addressText } from './addresses.ts';
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
export function messageToJson(shape: Shape, message: AnyMessage, style: JsonStyle, hex = false): JsonObject {
  const json: Record<string, Json> = {};
  const members = message as unknown as Readonly<Record<string, unknown>>;
  for (const field of shape.fields) {
    if (!Object.hasOwn(members, field.localName)) continue;
    const value = members[field.localName];
    if (field.isList ? (value as readonly unknown[]).length === 0 : value === undefined) continue;
    json[field.name] = valueToJson(field, value, style, hex);
  }
  if (message.$unknown === undefined || message.$unknown.length === 0) return json;
  if (style.exact) json[UNKNOWN] = unknownText(message);
  else style.onLoss?.();
  return json;
}

function valueToJson(field: Field, value: unknown, style: JsonStyle, outerHex: boolean): Json {
  const hex = outerHex || field.style.hex === true;
  if (field.isList) {
    const list = value as readonly unknown[];
    const address = style.pretty && field.style.ipadd ? addressText(list as number[]) : undefined;
    return address === undefined ? list.map((item) => itemToJson(field, item, style, hex)) : [address];
  }
  return itemToJson(field, value, style, hex);
}

function itemToJson(field: Field, value: unknown, style: JsonStyle, hex: boolean): Json {
  if (field.type === 'message') return messageToJson(field.shape, value as AnyMessage, style, hex);
  if (field.names !== undefined) return field.names.get(value as number) ?? (value as number);
  if (field.type === 'bytes') {
    return field.style.conv === 'unix_name' ? quotedPrintable(value as Uint8Array) : base64Lines(value as Uint8Array);
  }
  if (typeof value === 'boolean' || typeof value === 'string' || !style.pretty) return value as Json;
  return prettyNumber(field, value as number | bigint, hex);
}

/** The first of base 16, device, flags, name that the field asks for. Negative numbers in base 16 are crit's `0x-1`. */
function prettyNumber({ name, style }: Field, value: number | bigint, hex: boolean): Json {
  if (hex) return `0x${value.toString(16)}`;
  if (style.dev) return deviceText(BigInt(value), style.odev === true);
  if (style.flags) return flagsText(BigInt(value), style.flags);
  if (style.dict) return nameOfValue(style.dict, name, BigInt(value)) ?? value;
  return value;
}

function unknownText({ $unknown = [] }: AnyMessage): string {
  const parts = $unknown.flatMap(({ no, wireType, data }) => [tagBytes(no, wireType), data]);
  return base64Lines(new Uint8Array(Buffer.concat(parts)));
}
