import assert from 'node:assert/strict';
import { test } from 'node:test';
import '../text-codec.ts';
import { type DescField, type DescMessage, fromBinary, ScalarType, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { arbitraryMessage } from '../arbitrary-message.fixture.ts';
import { MESSAGES } from '../gen/shapes.ts';
import { schemaNamed } from '../schemas.ts';
import { readMessage } from './read-message.ts';
import { type MessageName, shapeOf } from './shape.ts';

const names = (Object.keys(MESSAGES) as MessageName[]).filter((name) => name !== 'CRIU_Opts');

test('every field has the names, number, type and values of the schema', () => {
  for (const name of names) {
    const fields = shapeOf(name).fields.map((field) => [
      ...[field.name, field.localName, field.number, field.isList, field.type, field.names && [...field.names]],
      field.type === 'message' ? field.shape.typeName : undefined,
    ]);
    const expected = schemaNamed(name).fields.toSorted((a, b) => a.number - b.number);
    assert.deepEqual(fields, expected.map(describe), name);
  }
});

function describe(field: DescField) {
  const type = field.message ? 'message' : field.enum ? 'enum' : ScalarType[field.scalar ?? 0]?.toLowerCase();
  const values = field.enum?.values.map((value) => [value.number, value.name]);
  return [
    ...[field.name, field.localName, field.number, field.fieldKind === 'list', type, values],
    field.message?.typeName,
  ];
}

for (const name of names) {
  test(`any ${name}, damaged or whole, is read as the protobuf library reads it`, () => {
    const schema = schemaNamed(name);
    const damage = fc.array(fc.record({ at: fc.nat(1 << 16), byte: fc.nat(255) }), { maxLength: 2 });
    fc.assert(
      fc.property(arbitraryMessage(schema), damage, fc.nat(1 << 16), (message, changes, cut) => {
        const bytes = toBinary(schema, message);
        for (const { at, byte } of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        const end = cut % 4 === 0 ? cut % (bytes.length + 1) : bytes.length;
        const given = bytes.subarray(0, end);
        const theirs = attempt(() => seen(schema, fromBinary(schema, given)));
        assert.deepEqual(
          attempt(() => seen(schema, readMessage(name, given))),
          theirs,
        );
      }),
      { numRuns: 40 },
    );
  });
}

/** In which words damage is refused is nobody’s concern, nor which of two faults is met first. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return 'refused';
  }
}

/** Everything that a reader of the message sees: values, zeroes, what is its own, and what was unknown. */
function seen(schema: DescMessage, message: object): unknown {
  const members = message as Readonly<Record<string, unknown>>;
  const unknown = (members['$unknown'] ?? []) as { no: number; wireType: number; data: Uint8Array }[];
  const isKnown = (no: number) => schema.fields.some(({ number }) => number === no);
  const shown = (field: DescField, value: unknown): unknown => {
    if (field.message && value !== undefined) return seen(field.message, value as object);
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  };
  return [
    members['$typeName'],
    Object.keys(members).toSorted(),
    schema.fields.map((field) => {
      const value = members[field.localName];
      return Array.isArray(value) ? value.map((item) => shown(field, item)) : shown(field, value);
    }),
    // A value that an enum does not have is kept as it was, and by the library as it would write it: or not at all, where the
    // message has unknown fields besides, over which the test below has its own word.
    unknown
      .filter(({ no }) => !isKnown(no) || unknown.every((each) => isKnown(each.no)))
      .map(({ no, wireType, data }) => [no, wireType, isKnown(no) ? 'value' : Buffer.from(data).toString('hex')]),
  ];
}

test('a value that an enum does not have is kept beside fields that are unknown', () => {
  // Field 100, then type, which has no 9.
  const { type, $unknown } = readMessage('sysctl_entry', Buffer.from('a006010809', 'hex'));
  assert.equal(type, 5, 'as where none is given');
  assert.deepEqual(
    $unknown?.map(({ no, wireType, data }) => [no, wireType, Buffer.from(data).toString('hex')]),
    [
      [100, 0, '01'],
      [1, 0, '09'],
    ],
  );
});
