/**
 * The line that crit prints of a message, straight from its bytes: the same text as `textOf(messageToJson(…))`, without a
 * message between. Only what CRIU writes is read so, fields by number and each once; anything else takes the long way.
 */
import type { Field, Shape } from '../wire/shape.ts';
import { type Wire, WireType } from '../wire/wire.ts';
import type { AsciiText } from './ascii-text.ts';
import { base64Lines, quoted } from './json-text.ts';
import { quotedPrintable } from './quoted-printable.ts';

/** Messages in each other; deeper ones take the long way, which has a limit of its own. */
const DEEPEST = 50;
/** Above it a number is not exact. */
const HIGHEST = 0x200000;
const [QUOTE, BACKSLASH, COMMA, SPACE] = [0x22, 0x5c, 0x2c, 0x20];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const keys = new WeakMap<Field, Uint8Array>();

/**
 * Writes the message that goes to `end`. False, with part of it written, where it takes the long way. Throws for what is
 * no message, as `readMessage` does.
 */
export function writeLine(shape: Shape, wire: Wire, end: number, text: AsciiText, depth = 1): boolean {
  if (depth > DEEPEST) return false;
  text.byte(OPEN);
  let last: Field | undefined;
  while (wire.position < end) {
    const tag = wire.tag();
    const field = shape.byNumber[tag >>> 3];
    if (field === undefined) return false;
    if (field === last) {
      if (!field.isList) return false;
      separate(text);
    } else {
      if (last !== undefined) {
        if (field.number < last.number) return false;
        if (last.isList) text.byte(CLOSE_LIST);
        separate(text);
      }
      text.bytes(keyOf(field));
      if (field.isList) text.byte(OPEN_LIST);
      last = field;
    }
    if (!writeItems(field, wire, tag, text, depth)) return false;
  }
  if (last?.isList) text.byte(CLOSE_LIST);
  text.byte(CLOSE);
  return true;
}

function writeItems(field: Field, wire: Wire, tag: number, text: AsciiText, depth: number): boolean {
  if (field.type === 'message') {
    const length = wire.uint32();
    return writeLine(field.shape, wire, wire.position + length, text, depth + 1);
  }
  const isPacked = (tag & 7) === WireType.BYTES && field.isList && field.type !== 'string' && field.type !== 'bytes';
  if (!isPacked) return writeValue(field, wire, text);
  const length = wire.uint32();
  if (length === 0) return false;
  for (const end = wire.position + length; ; separate(text)) {
    if (!writeValue(field, wire, text)) return false;
    if (wire.position >= end) return true;
  }
}

function writeValue(field: Field, wire: Wire, text: AsciiText): boolean {
  switch (field.type) {
    case 'uint32':
      text.integer(wire.uint32());
      return true;
    case 'uint64':
    case 'int64':
      wire.varint();
      if (wire.high >= HIGHEST) text.text(String(field.type === 'int64' ? wire.signed() : wire.unsigned()));
      else text.integer(wire.high * 0x100000000 + wire.low);
      return true;
    case 'string':
      writeString(wire, text);
      return true;
    case 'enum': {
      const name = field.names?.get(wire.uint32() | 0);
      if (name !== undefined) text.text(`"${name}"`);
      return name !== undefined;
    }
    case 'bytes':
      if (field.style.conv === 'unix_name') text.text(quoted(quotedPrintable(wire.block())));
      else text.text(`"${base64Lines(wire.block(), '\\n')}"`);
      return true;
    case 'bool':
      text.text(wire.bool() ? 'true' : 'false');
      return true;
    case 'int32':
      text.text(String(wire.uint32() | 0));
      return true;
    case 'sint32':
      text.text(String(wire.sint32()));
      return true;
    case 'sint64':
      text.text(String(wire.sint64()));
      return true;
    case 'fixed64':
      text.text(String(wire.fixed64()));
      return true;
    default:
      return false;
  }
}

/** Text that is as it is in JSON is copied; what is not is quoted as any other. */
function writeString(wire: Wire, text: AsciiText): void {
  const begin = wire.position;
  const length = wire.uint32();
  const at = wire.take(length);
  for (let index = at; index < at + length; index += 1) {
    const byte = wire.bytes[index] ?? 0;
    if (byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH) continue;
    wire.position = begin;
    text.text(quoted(wire.string()));
    return;
  }
  text.byte(QUOTE);
  text.bytes(wire.bytes, at, at + length);
  text.byte(QUOTE);
}

function separate(text: AsciiText): void {
  text.byte(COMMA);
  text.byte(SPACE);
}

function keyOf(field: Field): Uint8Array {
  let key = keys.get(field);
  if (key === undefined) {
    key = Buffer.from(`${quoted(field.name)}: `, 'latin1');
    keys.set(field, key);
  }
  return key;
}
