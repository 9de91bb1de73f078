/**
 * A message of CRIU from its bytes, as `fromBinary` of the protobuf library reads it, without its descriptors: fields that
 * are unknown, and values that an enum does not have, are kept; of a field that is given twice the last value counts, and
 * messages are merged.
 */
import type { Message } from '@bufbuild/protobuf';
import { type Field, type MessageName, type Messages, type Shape, shapeOf } from './shape.ts';
import { Wire, WireType } from './wire.ts';

/** Messages and groups that may stand in each other. */
export const DEEPEST = 100;

type Made = Record<string, unknown>;
type Unknown = NonNullable<Message['$unknown']>;

/** Throws for bytes that are no such message. Required fields may be missing. */
export function readMessage<N extends MessageName>(name: N, bytes: Uint8Array): Messages[N] {
  const shape = shapeOf(name);
  const message = shape.create();
  readFields(shape, message, new Wire(bytes), bytes.length, 1);
  return message as unknown as Messages[N];
}

function readFields(shape: Shape, message: Made, wire: Wire, end: number, depth: number): void {
  if (depth > DEEPEST) {
    throw new Error(`cannot decode ${shape.typeName} from binary: maximum recursion depth of ${DEEPEST} reached`);
  }
  while (wire.position < end) {
    const tag = wire.tag();
    const field = shape.byNumber[tag >>> 3];
    if (field === undefined) keepUnknown(message, tag, wire.skip(tag, DEEPEST - depth));
    else if (field.isList) readItems(field, message, wire, tag, depth);
    else if (field.type === 'message') {
      const known = message[field.localName] as Made | undefined;
      message[field.localName] = readNested(field, known ?? field.shape.create(), wire, depth);
    } else if (field.type === 'enum') readEnum(field, message, wire, tag);
    else message[field.localName] = readValue(field, wire);
  }
}

function readNested(field: Field, into: Made, wire: Wire, depth: number): Made {
  const length = wire.uint32();
  readFields(field.shape, into, wire, wire.position + length, depth + 1);
  return into;
}

function readItems(field: Field, message: Made, wire: Wire, tag: number, depth: number): void {
  const items = message[field.localName] as unknown[];
  if (field.type === 'message') {
    items.push(readNested(field, field.shape.create(), wire, depth));
    return;
  }
  const isPacked = (tag & 7) === WireType.BYTES && field.type !== 'string' && field.type !== 'bytes';
  if (!isPacked) {
    items.push(readValue(field, wire));
    return;
  }
  const length = wire.uint32();
  for (const end = wire.position + length; wire.position < end; ) items.push(readValue(field, wire));
}

function readEnum(field: Field, message: Made, wire: Wire, tag: number): void {
  const begin = wire.position;
  const value = wire.uint32() | 0;
  if (field.names?.has(value)) message[field.localName] = value;
  else keepUnknown(message, tag, wire.bytes.subarray(begin, wire.position));
}

function keepUnknown(message: Made, tag: number, data: Uint8Array): void {
  const kept = (message['$unknown'] ?? []) as Unknown;
  kept.push({ no: tag >>> 3, wireType: tag & 7, data });
  message['$unknown'] = kept;
}

function readValue({ type }: Field, wire: Wire): unknown {
  switch (type) {
    case 'uint32':
      return wire.uint32();
    case 'uint64':
      return wire.uint64();
    case 'string':
      return wire.string();
    case 'bytes':
      return wire.block();
    case 'bool':
      return wire.bool();
    case 'int64':
      return wire.int64();
    case 'sint32':
      return wire.sint32();
    case 'sint64':
      return wire.sint64();
    case 'fixed32':
      return wire.fixed32();
    case 'fixed64':
      return wire.fixed64();
    default:
      return wire.uint32() | 0;
  }
}
