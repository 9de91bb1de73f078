/** For tests: any message of a schema, and any image of a kind, made of it. */
import { create, type DescField, type DescMessage, type Message, ScalarType, toBinary } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import fc from 'fast-check';
import { decodeBytes } from './byte-true-text.ts';
import { type EncodedEntry, partsOf } from './encode.ts';
import { type FramedKind, messageNameOf } from './kind.ts';
import { schemaNamed } from './schemas.ts';
import type { AnyMessage } from './wire/shape.ts';

/** Fields that say how many bytes or messages follow; kept small, for a test makes what they announce. */
const COUNTS = /^(bytes|length|inq_len|outq_len|keys_bytes|values_bytes|size|nsems|msize|qnum|len)$/;
const DEEPEST = 4;

/** A message with its required fields and any of the optional ones, text of any bytes among them. */
export function arbitraryMessage(schema: DescMessage, depth = 0): fc.Arbitrary<Message> {
  const fields = schema.fields.map((field) => arbitraryField(field, depth));
  // By name, not through reflection: that refuses text which is no UTF-8.
  return fc.tuple(...fields).map((values) => {
    const named = schema.fields.map((field, index) => [field.localName, values[index]]);
    return create(schema, Object.fromEntries(named.filter(([, value]) => value !== undefined)));
  });
}

/** Entries of one image of a kind, with the payload that they announce and padding that is not clear. */
export function arbitraryEntries(kind: FramedKind): fc.Arbitrary<EncodedEntry[]> {
  const entry = one(kind, 'entry').chain((first) => {
    const count = kind.members?.count(first.message) ?? 0;
    const members = fc.array(kind.members ? one(kind, 'member') : fc.constant(first), {
      minLength: count,
      maxLength: count,
    });
    return members.map((rest) => [first, ...rest]);
  });
  const entries = fc.array(entry, { maxLength: 4 }).map((list) => list.flat());
  if (kind.head === undefined) return entries;
  return one(kind, 'head').chain((head) => {
    // What runs to the end of the image leaves room for no entry.
    const last = partsOf(kind, 'head', head.message).some(({ bytes }) => bytes === 'rest');
    return last ? fc.constant([head]) : entries.map((list) => [head, ...list]);
  });
}

function one(kind: FramedKind, role: EncodedEntry['role']): fc.Arbitrary<EncodedEntry> {
  return fc.tuple(arbitraryMessage(schemaNamed(messageNameOf(kind, role))), fc.nat(255)).map(([made, seed]) => {
    const message = made as AnyMessage;
    const entry: Required<EncodedEntry> = { role, message, payload: {}, padding: {} };
    for (const { name, bytes, padding = 0 } of partsOf(kind, role, message)) {
      const filled = (size: number) => bytesSource(Uint8Array.from({ length: size }, (_, i) => (seed + i * 7) & 0xff));
      (entry.payload as Record<string, unknown>)[name] = filled(bytes === 'rest' ? 20 : Number(bytes));
      if (padding > 0) (entry.padding as Record<string, unknown>)[name] = filled(padding);
    }
    return entry;
  });
}

function arbitraryField(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const required = field.presence === 3;
  if (field.fieldKind === 'map') throw new TypeError(`no image has a map: ${field.name}`);
  if (field.fieldKind === 'list') {
    if (field.listKind === 'message' && depth >= DEEPEST) return fc.constant([]);
    const item = field.listKind === 'message' ? arbitraryMessage(field.message, depth + 1) : scalarOf(field);
    return fc.array(item, { maxLength: 3 });
  }
  const value = field.fieldKind === 'message' ? arbitraryMessage(field.message, depth + 1) : scalarOf(field);
  if (required) return value;
  if (field.fieldKind === 'message' && depth >= DEEPEST) return fc.constant(undefined);
  return fc.option(value, { nil: undefined });
}

function scalarOf(field: DescField): fc.Arbitrary<unknown> {
  if (field.enum) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  if (COUNTS.test(field.name)) return wide(field) ? fc.bigInt(0n, 40n) : fc.nat(field.name === 'qnum' ? 3 : 40);
  switch (field.scalar) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.uint8Array({ maxLength: 12 }).map(decodeBytes);
    case ScalarType.BYTES:
      return fc.uint8Array({ maxLength: 80 });
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return fc.integer();
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return fc.bigInt(-(1n << 63n), (1n << 63n) - 1n);
    default:
      return wide(field) ? fc.bigInt(0n, (1n << 64n) - 1n) : fc.nat(0xffffffff);
  }
}

function wide(field: DescField): boolean {
  const { UINT64, FIXED64 } = ScalarType;
  return field.scalar === UINT64 || field.scalar === FIXED64;
}

/** The bytes of a message, to compare messages by. */
export function bytesOf(kind: FramedKind, { role, message }: EncodedEntry): string {
  return Buffer.from(toBinary(schemaNamed(messageNameOf(kind, role)), message)).toString('hex');
}
